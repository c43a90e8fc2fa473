"""Changing a person by hand, and making one of two: always with who, why, and what it was before."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, IntegerField, Model, OuterRef, Subquery, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from contacts import addresses, suppressions
from contacts.addresses import Address
from contacts.fields import ATTRIBUTE
from contacts.models import Contact, ContactChange, ImportChange, Subscription, Suppression

# What staff may change of a person besides the address and the attributes.
FIELDS = ("name", "first_name", "last_name", "country", "language", "time_zone", "paused_until")


# What the person refused, whatever mailbox they use. A bounce, "it wasn't me" and an erasure are of the mailbox.
OF_THE_PERSON = (
    Suppression.Reason.COMPLAINT,
    Suppression.Reason.DO_NOT_CONTACT,
    Suppression.Reason.LEFT,
)
_SOURCES = {"edit": "desk", "merge": "merge"}


class AddressTakenError(ValidationError):
    """Somebody else has this address; the two may be one person, see `merge`."""

    def __init__(self, message: Any, contact: Contact) -> None:
        super().__init__(message, code="taken")
        self.contact = contact


class ErasedError(ValidationError):
    """Whoever has this address asked to be erased: it is not kept again."""

    def __init__(self) -> None:
        super().__init__(
            _("Whoever has this address asked us to erase it, so it cannot be stored again."), code="erased"
        )


class ChangedMeanwhileError(ValidationError):
    """What the form showed is no longer what stands in the row."""


def values_of(contact: Contact) -> dict[str, Any]:
    """Everything staff may change, by field, as JSON-able values; attributes as "attribute:<key>"."""
    plain = {name: getattr(contact, name) for name in FIELDS}
    attributes = {f"{ATTRIBUTE}{key}": value for key, value in contact.attributes.items()}
    return {
        "address": contact.address,
        **{key: _jsonable(value) for key, value in plain.items()},
        **attributes,
    }


def version_of(contact: Contact) -> str:
    """A short word for how the person stands: two who edit at once do not overwrite each other unseen."""
    text = json.dumps(values_of(contact), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@transaction.atomic
def create(
    address: Address, values: Mapping[str, Any], *, by: User, organisation: int | None, why: str = ""
) -> Contact:
    """Add a person by hand. They are on no list: nobody has said yes. Raises AddressTakenError and ErasedError."""
    _hold(address)
    contact, is_new = Contact.objects.get_or_create(
        address_key=address.key,
        defaults={
            "address": address.given,
            "address_hash": address.hash,
            "organisation_id": organisation,
            "source": _SOURCES["edit"],
        },
    )
    if not is_new:
        raise AddressTakenError("taken", contact)
    _write(contact, values)
    _log(contact, {"address": [None, address.given], **_differences({}, values)}, "edit", by, why)
    return contact


@transaction.atomic
def edit(
    contact: Contact,
    values: Mapping[str, Any],
    *,
    by: User,
    why: str = "",
    address: Address | None = None,
    version: str | None = None,
) -> ContactChange | None:
    """Change what differs of a person, and write down who changed what, from what, and why. None: nothing differs.

    values: by field, attributes as "attribute:<key>"; None or "" empties one. version: what `version_of` said when
    the form was shown; raises ChangedMeanwhileError if it is no longer so.

    A new address moves the key and the hash, so everything that asks "may we write?" asks of the new one; raises
    AddressTakenError if it is somebody else's, ErasedError if they asked to be erased. What stands against the old address stays, and what the person themself
    refused (`OF_THE_PERSON`) is refused for the new one too: nobody is revived by a corrected address.
    """
    if address is not None:
        suppressions.hold(bytes(contact.address_hash), address.hash)
    contact = Contact.objects.select_for_update(no_key=False).get(pk=contact.pk)
    if version is not None and version != version_of(contact):
        raise ChangedMeanwhileError("changed meanwhile")
    changes = _differences(values_of(contact), values)
    if address is not None and address.given != contact.address:
        changes = {"address": [contact.address, address.given], **changes}
        _move_to(contact, address)
    if not changes:
        return None
    _write(contact, values)
    return _log(contact, changes, "edit", by, why)


def _move_to(contact: Contact, address: Address) -> None:
    taken = Contact.objects.filter(address_key=address.key).exclude(pk=contact.pk).first()
    if taken is not None:
        raise AddressTakenError("taken", taken)
    if address.key != contact.address_key:
        _hold(address)
        _carry_refusals(bytes(contact.address_hash), address.hash)
    contact.address, contact.address_key, contact.address_hash = address.given, address.key, address.hash
    contact.save(update_fields=["address", "address_key", "address_hash"])


def _hold(address: Address) -> None:
    """Hold an address that is about to be stored. Raises ErasedError."""
    suppressions.hold(address.hash)
    if suppressions.is_erased(address.hash):
        raise ErasedError


def _carry_refusals(old: bytes, new: bytes) -> None:
    for row in Suppression.objects.filter(address_hash=old, reason__in=OF_THE_PERSON):
        suppressions.suppress(
            new,
            Suppression.Reason(row.reason),
            scope=Suppression.Scope(row.scope),
            evidence={**row.evidence, "carried_from": row.pk},
            ends_at=row.ends_at,
        )


def _write(contact: Contact, values: Mapping[str, Any]) -> None:
    """Set the values on the row and save exactly these."""
    saved = ["updated_at"]
    for name in FIELDS:
        if name in values:
            empty = None if name == "paused_until" else ""
            setattr(contact, name, values[name] or empty)
            saved.append(name)
    attributes = {name: value for name, value in values.items() if name.startswith(ATTRIBUTE)}
    if attributes:
        kept = dict(contact.attributes)
        for name, value in attributes.items():
            key = name.removeprefix(ATTRIBUTE)
            if _is_empty(value):
                kept.pop(key, None)
            else:
                kept[key] = value
        contact.attributes = kept
        saved.append("attributes")
    contact.updated_at = Now()
    contact.save(update_fields=saved)
    contact.refresh_from_db()


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{field: [before, after]} of the fields of `after` that change; empty is None."""
    found = {}
    for name, value in after.items():
        if name != "address" and not name.startswith(ATTRIBUTE) and name not in FIELDS:
            raise KeyError(name)
        old, new = _jsonable(before.get(name)), _jsonable(value)
        if _is_empty(old) and _is_empty(new):
            continue
        if old != new or type(old) is not type(new):
            found[name] = [None if _is_empty(old) else old, None if _is_empty(new) else new]
    return found


def _log(contact: Contact, changes: dict[str, Any], kind: str, by: User | None, why: str) -> ContactChange:
    return ContactChange.objects.create(
        contact=contact, by=by, source=_SOURCES[kind], changes=changes, note=why[:300]
    )


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [])


def _jsonable(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


# --- one of two ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A field in which two people differ. `takes` is what becomes of it unless staff choose: "keep" or "lose"."""

    field: str
    keep: Any
    lose: Any
    takes: str


def choices(keep: Contact, lose: Contact) -> list[Choice]:
    """The fields in which the two differ, with the value that fills a gap chosen already. The address is no choice:
    it is that of the person who stays."""
    ours, theirs = values_of(keep), values_of(lose)
    names = [*FIELDS, *sorted(name for name in {**ours, **theirs} if name.startswith(ATTRIBUTE))]
    found = []
    for name in names:
        mine, other = ours.get(name), theirs.get(name)
        if _is_empty(mine) and _is_empty(other):
            continue
        if mine != other:
            found.append(Choice(name, mine, other, "lose" if _is_empty(mine) else "keep"))
    return found


# Refusal beats consent, and a confirmed wish beats one that was never confirmed.
WEIGHTS = {
    Subscription.Status.PENDING: 0,
    Subscription.Status.CONFIRMED: 1,
    Subscription.Status.UNSUBSCRIBED: 2,
}
_WEIGHT = Case(
    *(When(status=status, then=Value(weight)) for status, weight in WEIGHTS.items()),
    output_field=IntegerField(),
)


@transaction.atomic
def merge(
    keep: Contact, lose: Contact, takes: Mapping[str, str], *, by: User, why: str = ""
) -> ContactChange | None:
    """Make one person of two: `keep` stays with its address, `lose` is gone. None if one of them was gone already,
    so a second click changes nothing.

    takes: field to "keep" or "lose", as `choices` offers; a field left out becomes what `choices` proposes.
    Per list a refusal beats a consent. Consents, changes and whatever else points to `lose` then points to `keep`;
    mails of both addresses stay findable by `addresses_of`. What the person refused is refused for the address that
    stays; what stands against the other address stands there still.
    """
    if keep.pk == lose.pk:
        raise ValueError("a person cannot be merged with themself")
    suppressions.hold(bytes(keep.address_hash), bytes(lose.address_hash))
    # In the order of the key: two who merge the same pair the other way round wait, and do not block each other.
    locked = {
        row.pk: row
        for row in Contact.objects.select_for_update().filter(pk__in=[keep.pk, lose.pk]).order_by("pk")
    }
    if len(locked) < 2:
        return None
    keep, lose = locked[keep.pk], locked[lose.pk]
    values = {
        choice.field: choice.lose
        for choice in choices(keep, lose)
        if takes.get(choice.field, choice.takes) == "lose"
    }
    gone = {key: value for key, value in values_of(lose).items() if not _is_empty(value)}
    changes = {
        **_differences(values_of(keep), values),
        "address": [lose.address, keep.address],  # as a former address of theirs, for whoever looks or erases
        "merged": [{"pk": lose.pk, **gone}, None],
    }
    _merge_subscriptions(keep, lose)
    _carry_refusals(bytes(lose.address_hash), bytes(keep.address_hash))
    _point_to(keep, lose)
    Contact.objects.filter(pk=keep.pk, created_at__gt=lose.created_at).update(created_at=lose.created_at)
    lose.delete()
    if isinstance(values.get("paused_until"), str):
        values["paused_until"] = dt.date.fromisoformat(values["paused_until"])
    _write(keep, values)
    return _log(keep, changes, "merge", by, why)


def _merge_subscriptions(keep: Contact, lose: Contact) -> None:
    theirs = Subscription.objects.filter(contact=lose)
    same_list = theirs.filter(mailing_list=OuterRef("mailing_list")).annotate(weight=_WEIGHT)
    heavier = Subscription.objects.filter(contact=keep).annotate(
        weight=_WEIGHT, other=Subquery(same_list.values("weight"))
    )
    heavier.filter(other__gt=F("weight")).update(
        status=Subquery(same_list.values("status")),
        reason=Subquery(same_list.values("reason")),
        changed_at=Subquery(same_list.values("changed_at")),
    )
    theirs.exclude(mailing_list__in=Subscription.objects.filter(contact=keep).values("mailing_list")).update(
        contact=keep
    )
    theirs.delete()


def pointing() -> Iterator[tuple[type[Model], str]]:
    """Every model whose rows point to a contact, with the name of the field; the apps above included."""
    for relation in Contact._meta.related_objects:
        if relation.related_model is not Subscription:
            yield relation.related_model, relation.field.name


def _point_to(keep: Contact, lose: Contact) -> None:
    for model, field in pointing():
        model._default_manager.filter(**{field: lose}).update(**{field: keep})


# --- where a value came from --------------------------------------------------------------------------------------


def addresses_of(contact: Contact) -> list[Address]:
    """Every address this person has had here, the present one first: by their hashes all mails are found."""
    known = {contact.address_key: contact.address}
    for change in ContactChange.objects.filter(contact=contact, changes__has_key="address").order_by("-pk"):
        if before := change.changes["address"][0]:
            found = addresses.parse(before)
            known.setdefault(found.key, found.given)
    return [addresses.parse(text) for text in known.values()]


def heir_of(pk: int) -> tuple[Contact, Address] | None:
    """Who took in the contact of this number by a merge, with the address it had then. None if nobody did."""
    found = (
        ContactChange.objects.filter(changes__has_key="merged", changes__contains={"merged": [{"pk": pk}]})
        .select_related("contact")
        .order_by("-pk")
        .first()
    )
    return (found.contact, addresses.parse(found.changes["address"][0])) if found else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of a field came from. kind: import, desk, form, merge or preferences; `change` or `from_import` tell more."""

    kind: str
    at: dt.datetime
    source: str = ""
    by: User | None = None
    why: str = ""
    from_import: int | None = None


def origins(contact: Contact) -> dict[str, Origin]:
    """Where each field that holds something came from: the last change of it, else how the person came. Three queries."""
    first = Origin(
        kind="import" if contact.from_import_id else "desk" if contact.source == _SOURCES["edit"] else "form",
        at=contact.created_at,
        source=contact.source,
        from_import=contact.from_import_id,
    )
    found = {name: first for name, value in values_of(contact).items() if not _is_empty(value)}
    steps: list[tuple[dt.datetime, dict[str, Any], Origin]] = []
    for change in ContactChange.objects.filter(contact=contact).select_related("by"):
        kind = change.source if change.source in {"desk", "merge", "preferences"} else "form"
        origin = Origin(kind, change.at, change.source, change.by, change.note)
        fields = dict(change.changes)
        if fields.pop("merged", None):
            fields.pop("address")  # that of the person who is gone
        steps.append((change.at, fields, origin))
    for row in ImportChange.objects.filter(contact=contact).select_related("from_import"):
        at = row.from_import.finished_at or row.from_import.started_at or row.from_import.created_at
        origin = Origin("import", at, from_import=row.from_import_id)
        steps.append((at, _fields_of(row), origin))
    for _at, fields, origin in sorted(steps, key=lambda step: step[0]):
        found.update({name: origin for name in fields if name in found})
    return found


def _fields_of(row: ImportChange) -> dict[str, Any]:
    """The fields an import changed, attributes one by one."""
    after = dict(row.after)
    before, attributes = row.before.get("attributes") or {}, after.pop("attributes", None) or {}
    return {
        **after,
        **{f"{ATTRIBUTE}{key}": value for key, value in attributes.items() if before.get(key) != value},
    }
