class EmbeddedError(Exception):
    """What hinders a start, in words for whoever typed the command: what failed, where, what to do."""
