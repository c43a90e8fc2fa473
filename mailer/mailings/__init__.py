"""Sending a mailing: who gets it, the frozen audience, the chunks that are its queue, and the moves of its life."""
