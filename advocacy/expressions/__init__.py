"""Expressions of support: written by anybody, proven by a mailbox, looked at by a person, shown on a wall.

words, forms: what may be said · writing: what its writer does · moderating: what staff do · wall, feed: what the public
sees · pictures, links, mails · retention, personal: how it ends, and what we know of one person.
"""
