"""What became of a mailing: every person of its audience in one named state, and what they did with it.

Figures come from counters that were kept while it happened (`MailingChunk`, `MailingFigure`) and from small indexed
counts, so that a page costs the same for a thousand people and for a million.
"""
