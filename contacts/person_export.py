"""What we hold of one person, for that person (GDPR 15 and 20): plain data, of every app, in words they can read."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone, translation

from contacts import registry
from contacts.models import Consent, Contact, ContactChange, ImportChange, Subscription, Suppression
from contacts.registry import Person


def export_person(person: Person) -> dict[str, Any]:
    """Everything of this person, ready for `json.dumps`; sections without content are left out.

    In English throughout, like the titles, whoever asks. Changes nothing and writes no log: who asks is the person.
    """
    with translation.override("en"):
        return _sections(person)


def _sections(person: Person) -> dict[str, Any]:
    sections: dict[str, Any] = {
        "Exported at": timezone.now().isoformat(),
        "Address": person.contact.address if person.contact else person.key,
        "Contact": _contact(person.contact) if person.contact else {},
        "Lists": _lists(person.contact) if person.contact else [],
        "Changes": _changes(person.contact) if person.contact else [],
        "What you agreed to": _consents(person),
        "Where we do not write": _suppressions(person),
    }
    for name, exporter in registry.exporters():
        sections[name] = exporter(person)
    return {title: content for title, content in sections.items() if content}


def _contact(contact: Contact) -> dict[str, Any]:
    known = {
        "Name": contact.name,
        "First name": contact.first_name,
        "Last name": contact.last_name,
        "Organisation": contact.organisation.name if contact.organisation else "",
        "Country": contact.country,
        "Language": contact.language,
        "Time zone": contact.time_zone,
        "Further details": contact.attributes,
        "Came from": contact.source,
        "Brought by a file on": contact.from_import.created_at.isoformat() if contact.from_import else "",
        "Wants no newsletter until": contact.paused_until.isoformat() if contact.paused_until else "",
        "Known since": contact.created_at.isoformat(),
        "Last changed": contact.updated_at.isoformat(),
    }
    return {title: value for title, value in known.items() if value}


def _lists(contact: Contact) -> list[dict[str, Any]]:
    rows = Subscription.objects.filter(contact=contact).select_related("mailing_list").order_by("pk")
    return [
        {
            "List": row.mailing_list.public_name(),
            "Standing": str(row.get_status_display()),
            **({"Why": str(row.get_reason_display())} if row.reason else {}),
            "Since": row.changed_at.isoformat(),
        }
        for row in rows
    ]


def _changes(contact: Contact) -> list[dict[str, Any]]:
    by_hand = [
        {"At": row.at.isoformat(), "By": row.source, "Changed": _before_and_after(row.changes)}
        for row in ContactChange.objects.filter(contact=contact).order_by("pk")
    ]
    by_file = [
        {
            "At": (row.from_import.finished_at or row.from_import.created_at).isoformat(),
            "By": "a file of contacts",
            "Changed": {
                field: {"before": row.before.get(field), "after": value} for field, value in row.after.items()
            },
        }
        for row in ImportChange.objects.filter(contact=contact).select_related("from_import").order_by("pk")
    ]
    return sorted([*by_hand, *by_file], key=lambda change: str(change["At"]))


def _before_and_after(changes: dict[str, list[Any]]) -> dict[str, Any]:
    return {field: {"before": values[0], "after": values[-1]} for field, values in changes.items()}


def _consents(person: Person) -> list[dict[str, Any]]:
    rows = Consent.objects.filter(address_hash=person.hash).select_related("from_import", "mailing_list")
    return [
        {
            "What": str(row.get_purpose_display()),
            "Answer": "yes" if row.granted else "taken back",
            "When": row.given_at.isoformat() if row.given_at else "day not known",
            "List": row.mailing_list.public_name() if row.mailing_list else "",
            "Words shown": row.text_shown,
            "Where": row.page or (row.from_import.consent_page if row.from_import else ""),
            "Source": row.source,
            "Proof": row.proof,
        }
        for row in rows.order_by(F("given_at").asc(nulls_first=True), "pk")
    ]


def _suppressions(person: Person) -> list[dict[str, Any]]:
    return [
        {
            "What": str(row.get_scope_display()),
            "Why": str(row.get_reason_display()),
            "Since": row.created_at.isoformat(),
            **({"Until": row.ends_at.isoformat()} if row.ends_at else {}),
        }
        for row in Suppression.objects.filter(address_hash=person.hash).order_by("pk")
    ]
