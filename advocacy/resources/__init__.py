"""The action pack: what kind a file is, how it is kept, what the public finds, and the whole as archives."""
