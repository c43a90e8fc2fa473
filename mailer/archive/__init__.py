"""The public archive: past mailings as a stranger may read them, an index and a feed for each list."""
