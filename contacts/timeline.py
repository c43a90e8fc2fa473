"""A person's life with us in the order of time: what contacts knows itself, and what the apps above add to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.permissions import may, sees_all, visible
from contacts import people, registry
from contacts.fields import field_label, shown
from contacts.models import Consent, Contact, ContactChange, ImportChange, Lift, Subscription, Suppression
from contacts.registry import Entry, Person

NEWEST = 200  # entries of a source, and of the whole page
_LONGEST = 300  # characters of a text that is quoted

# Evidence of a suppression and proof of a consent: the keys that name a row, with the page of it.
_PAGES = {
    "delivery": "admin:mailer_delivery_change",
    "import": "admin:contacts_import_change",
    "submission": "admin:advocacy_submission_change",
    "letter": "admin:advocacy_letter_change",
    "expression": "admin:advocacy_expression_change",
}


def register() -> None:
    registry.register("contacts.consent", timeline=_consents)
    registry.register("contacts.subscription", timeline=_subscriptions)
    registry.register("contacts.import", timeline=_imports)
    registry.register("contacts.change", timeline=_changes)
    registry.register("contacts.suppression", timeline=_suppressions)


def entries(contact: Contact, reader: User) -> list[Entry]:
    """What `reader` may see of the person's life, newest first, at most `NEWEST`.

    Former addresses are asked for too, so a mail to an address the person had before stands there still.
    """
    found: dict[Entry, None] = {}
    for address in people.addresses_of(contact):
        person = Person(key=address.key, hash=address.hash, contact=contact)
        for source in registry.timelines():
            found.update(dict.fromkeys(source(person)))
    seen = sorted(_for(reader, found), key=lambda entry: entry.at, reverse=True)
    return list({replace(entry, about=None): None for entry in seen})[:NEWEST]


def _for(reader: User, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries that `reader` has the right to, whose rows belong to an organisation they work for."""
    granted: dict[str, bool] = {}
    of_model: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.permission and not granted.setdefault(entry.permission, may(reader, entry.permission)):
            continue
        if entry.about is None or sees_all(reader):
            yield entry
        else:
            of_model[type(entry.about)].append(entry)
    for model, told in of_model.items():
        rows = model._default_manager.filter(pk__in=[entry.about.pk for entry in told if entry.about])
        theirs = set(visible(reader, rows).values_list("pk", flat=True))
        yield from (entry for entry in told if entry.about and entry.about.pk in theirs)


def page_of(name: str, pk: Any) -> str:
    """The desk's page of a row; "" where there is none."""
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def evidence_in_words(evidence: Mapping[str, Any]) -> str:
    """What shows a suppression or a consent, as staff read it: a note, or the row that tells more."""
    names = {
        "delivery": _("mail %(number)s"),
        "import": _("import %(number)s"),
        "line": _("line %(number)s"),
        "submission": _("submission %(number)s"),
        "letter": _("letter %(number)s"),
        "carried_from": _("carried over from suppression %(number)s"),
    }
    parts = [str(evidence["note"])] if evidence.get("note") else []
    parts += [name % {"number": evidence[key]} for key, name in names.items() if evidence.get(key)]
    return " · ".join(parts)


def evidence_page(evidence: Mapping[str, Any]) -> str:
    """The desk's page of the row that an evidence names first; "" if it names none."""
    return next((page_of(name, evidence[key]) for key, name in _PAGES.items() if evidence.get(key)), "")


# --- what contacts knows itself -----------------------------------------------------------------------------------


def _consents(person: Person) -> Iterator[Entry]:
    mine = Q(address_hash=person.hash)
    if person.contact is not None:
        mine |= Q(contact=person.contact)
    rows = Consent.objects.filter(mine).select_related("mailing_list", "from_import").order_by("-pk")[:NEWEST]
    for row in rows:
        words = _("Agreed: %(to)s") if row.granted else _("Took back: %(to)s")
        noted = row.given_at
        if noted is None and row.from_import is not None:
            words, noted = _("Agreed, day not known: %(to)s"), row.from_import.created_at
        if noted is None:
            continue
        about = (
            f"{row.get_purpose_display()} ({row.mailing_list})"
            if row.mailing_list
            else row.get_purpose_display()
        )
        parts = [row.source, evidence_in_words(row.proof), row.page, _quoted(row.text_shown)]
        yield Entry(
            at=noted,
            kind="consent",
            words=words % {"to": about},
            detail=" · ".join(part for part in parts if part),
            url=page_of("admin:contacts_consent_change", row.pk),
            permission="contacts.view_consent",
            about=row,
        )


def _subscriptions(person: Person) -> Iterator[Entry]:
    if person.contact is None:
        return
    rows = Subscription.objects.filter(contact=person.contact).select_related("mailing_list")[:NEWEST]
    for row in rows:
        yield Entry(
            at=row.changed_at,
            kind="consent",
            words=_("List “%(name)s”: %(status)s")
            % {"name": row.mailing_list.name, "status": row.get_status_display()},
            detail=row.get_reason_display(),
            url=page_of("admin:contacts_mailinglist_change", row.mailing_list_id),
            permission="contacts.view_subscription",
            about=row,
        )


def _imports(person: Person) -> Iterator[Entry]:
    contact = person.contact
    if contact is None:
        return
    if contact.from_import is not None:
        yield Entry(
            at=contact.created_at,
            kind="import",
            words=_("Came with the import of “%(file)s”") % {"file": contact.from_import.file_name},
            url=page_of("admin:contacts_import_change", contact.from_import_id),
            permission="contacts.view_contact",
        )
    rows = ImportChange.objects.filter(contact=contact).select_related("from_import").order_by("-pk")[:NEWEST]
    for row in rows:
        file = row.from_import
        is_change = row.after != row.before
        said = (
            _("Changed by line %(line)s of “%(file)s”")
            if is_change
            else _("Already there at line %(line)s of “%(file)s”")
        )
        yield Entry(
            at=file.finished_at or file.started_at or file.created_at,
            kind="import",
            words=said % {"line": row.line, "file": file.file_name},
            detail=_told({name: [row.before.get(name), value] for name, value in row.after.items()})
            if is_change
            else "",
            url=page_of("admin:contacts_import_change", file.pk),
            permission="contacts.view_contact",
        )


def _changes(person: Person) -> Iterator[Entry]:
    contact = person.contact
    if contact is None:
        return
    if contact.from_import_id is None:
        yield Entry(
            at=contact.created_at,
            kind="change",
            words=_("Became a contact"),
            detail=contact.source,
            permission="contacts.view_contact",
        )
    for row in ContactChange.objects.filter(contact=contact).select_related("by").order_by("-pk")[:NEWEST]:
        changes = dict(row.changes)
        merged = (changes.pop("merged", None) or [None])[0]
        if merged:
            changes.pop("address", None)
            words = _("Made one with contact %(number)s") % {"number": merged.get("pk", "")}
            told = [str(merged.get("address", "")), _told(changes)]
        else:
            count = len(changes)
            words = ngettext("%(count)d field changed", "%(count)d fields changed", count) % {"count": count}
            told = [_told(changes)]
        by = str(row.by) if row.by else row.source
        yield Entry(
            at=row.at,
            kind="change",
            words=f"{words} · {by}",
            detail=" · ".join(part for part in [*told, row.note] if part),
            permission="contacts.view_contact",
        )


def _suppressions(person: Person) -> Iterator[Entry]:
    for row in Suppression.objects.filter(address_hash=person.hash).order_by("-pk")[:NEWEST]:
        yield Entry(
            at=row.created_at,
            kind="suppression",
            words=_("Suppressed: %(reason)s (%(scope)s)")
            % {"reason": row.get_reason_display(), "scope": row.get_scope_display()},
            detail=evidence_in_words(row.evidence),
            url=page_of("admin:contacts_suppression_change", row.pk),
            permission="contacts.view_suppression",
        )
    for lift in Lift.objects.filter(address_hash=person.hash).select_related("by").order_by("-pk")[:NEWEST]:
        words = _("Way back opened: %(reason)s") if lift.left_scope else _("Suppression lifted: %(reason)s")
        by = str(lift.by or "") if lift.why else _("by the person's own confirmation")
        yield Entry(
            at=lift.at,
            kind="suppression",
            words=words % {"reason": lift.get_reason_display()},
            detail=" · ".join(part for part in (by, lift.why) if part),
            permission="contacts.view_suppression",
        )


def _told(changes: Mapping[str, Any]) -> str:
    """Country: – → KE; Name: Ann → Anne."""
    return "; ".join(
        f"{field_label(name)}: {_quoted(shown(before)) or '–'} → {_quoted(shown(after)) or '–'}"
        for name, (before, after) in changes.items()
    )


def _quoted(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
