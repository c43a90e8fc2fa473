"""Where the pages of a journey are: on our own site, or inside another site's page, where they must stay."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

FRAMED = "advocacy-embedded"  # the instance namespace of advocacy/embedded_urls.py


def here(request: HttpRequest, name: str, *args: object) -> str:
    """The address of another page of the journey at hand; inside a frame, the framed one."""
    match = request.resolver_match
    return reverse(f"advocacy:{name}", args=args, current_app=match.namespace if match else None)


def is_framed(request: HttpRequest) -> bool:
    """Whether the page at hand stands inside another site's page."""
    match = request.resolver_match
    return match is not None and match.namespace == FRAMED
