"""Reading files about elected people and keeping what they say.

`detect` says what a file is, `readers/` turn each format into the plain records of `records`, `routes` takes
contact fields apart, `storing` writes the records set by set, and `importing.run` is the one way in.
"""
