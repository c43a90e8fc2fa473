"""Writing a mailing: its blocks, and the mail that is made of them.

`blocks` says what a text may consist of, `rich` what stands in a paragraph, `fields` which merge fields there are,
`conditions` and `languages` who reads which of them. `rendering` makes HTML and `plain` the text part; `parent` has the
MJML compiled in a bounded child process, `checking` refuses HTML that could do anything. `messages` freezes the result.

This module imports nothing: the child process starts here, without Django.
"""
