"""Who works here, and what they did."""

from accounts.admin import acts, organisations, people

__all__ = ["acts", "organisations", "people"]
