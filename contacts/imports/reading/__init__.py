"""From the bytes of any spreadsheet to its rows. Nothing here imports Django.

A file comes from outside, so its bytes are touched in a child process only (child.py), which the kernel holds to
its memory and time. `parent.preview` and `parent.clean` are the two doors; everything else is the child's.
"""
