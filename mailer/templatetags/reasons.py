"""Reasons as the pages of the desk show them."""

from __future__ import annotations

from django import template

from mailer import reasons

register = template.Library()
register.filter("reason_in_words", reasons.in_words)
