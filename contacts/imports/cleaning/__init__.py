"""One set of rules for the values of a contact, whichever road they come by. Nothing here imports Django.

`addresses`, `people`, `places`, `dates`, `statuses` and `attributes` judge one value; `rows` puts them together for
a row of a spreadsheet. Nothing is repaired by guessing: what cannot be understood is left out with a warning word,
and only what would lose a person or a column is a rejected row.
"""
