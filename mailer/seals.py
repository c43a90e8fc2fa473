"""Links that only their reader holds: `accounts.seals`, under the name by which the mails know it."""

from accounts.seals import Gone, check, make, row_of

__all__ = ["Gone", "check", "make", "row_of"]
