"""The public pages, by step of the journey. Each view finds, calls one function of the domain, and answers."""

from advocacy.views.campaigns import campaigns, privacy

__all__ = ["campaigns", "privacy"]
