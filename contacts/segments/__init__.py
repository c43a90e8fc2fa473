"""Segments: a saved rule tree, compiled to one query. Its members are whoever matches now.

`rules` says what a rule may ask (upper apps add to it), `trees` reads and checks a tree, `compiling` makes the query,
`counting` counts it in bounded time, `wording` says it in words, `audience` puts lists and segments together.
"""
