"""Who works here, and what they did."""

from accounts.admin import acts, invitations, organisations, people

__all__ = ["acts", "invitations", "organisations", "people"]
