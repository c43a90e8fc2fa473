"""The budgets of public forms; they are counted on the ground, in accounts/budgets.py, as those of logins are."""

from accounts.budgets import forget_connections, has_room, within

__all__ = ["forget_connections", "has_room", "within"]
