"""What upper apps add to a kind of delivery: a check of their own at the claim, and the links only they can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from contacts.models import Suppression
from mailer.models import Delivery

Check = Callable[[Delivery], str]
Fields = Callable[[Delivery], Mapping[str, str]]


def _always(delivery: Delivery) -> str:
    return ""


def _none(delivery: Delivery) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind is treated.

    scope: the suppressions that stop it. check: "" or, in words, why the mail may not go; asked inside the
    claiming transaction. fields: secrets such as links, filled into the text at the door and stored nowhere.
    headers: those it has besides the ones of every single mail.
    """

    scope: Suppression.Scope
    automatic: bool
    check: Check = _always
    fields: Fields = _none
    headers: Fields = _none


_RULES: dict[str, Rule] = {
    # An unsubscribe never blocks the confirmation of somebody's own letter: only "every mail" and "not me" do.
    Delivery.Kind.CONFIRMATION: Rule(Suppression.Scope.CONFIRMATIONS, automatic=True),
    Delivery.Kind.OPT_IN: Rule(Suppression.Scope.CONFIRMATIONS, automatic=True),
    Delivery.Kind.NOTICE: Rule(Suppression.Scope.CONFIRMATIONS, automatic=True),
    Delivery.Kind.SYSTEM: Rule(Suppression.Scope.CONFIRMATIONS, automatic=True),
    Delivery.Kind.STAFF: Rule(Suppression.Scope.CONFIRMATIONS, automatic=True),
    Delivery.Kind.TEST: Rule(Suppression.Scope.CONFIRMATIONS, automatic=False),
    Delivery.Kind.MAILING: Rule(Suppression.Scope.MAILINGS, automatic=False),
    # A person wrote it: no Auto-Submitted (RFC 3834), no List header.
    Delivery.Kind.LETTER: Rule(Suppression.Scope.ALL, automatic=False),
}


def register(
    kind: str, *, check: Check | None = None, fields: Fields | None = None, headers: Fields | None = None
) -> None:
    """Set the check, the fields and the headers of a kind; called by the app that owns it when it starts."""
    known = _RULES[kind]
    _RULES[kind] = replace(
        known,
        check=check or known.check,
        fields=fields or known.fields,
        headers=headers or known.headers,
    )


def rule(kind: str) -> Rule:
    return _RULES[kind]
