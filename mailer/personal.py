"""What the mailer knows of one person: their mails in time order, for their export, and gone after an erasure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from contacts import addresses, registry
from contacts.registry import Entry, Person
from mailer import sending
from mailer.bounces import in_words
from mailer.models import Delivery, DeliveryEvent, Hit, InboundMail, Message
from mailer.reporting import states

_NEWEST = 200
# Bounded as addresses are (RFC 5321 §4.5.3.1): a stranger's mail of one long word must not hold up an erasure for minutes.
_ADDRESS = re.compile(r"[^\s\"'<>()\[\],;:\\@]{1,64}@[^\s\"'<>()\[\],;:\\@?/=&|#!*{}]{1,255}")
_ESCAPE_IN_JSON = re.compile(r"\\.")
_AROUND = ".!?*_=~|{}/#`"


def register() -> None:
    since = Delivery.objects.filter(
        address_hash=OuterRef("address_hash"), created_at__gte=OuterRef("created_at")
    )
    registry.register("mailer.delivery", timeline=timeline, eraser=erase, use=Exists(since))
    registry.register("Mails", exporter=export)


# --- timeline -------------------------------------------------------------------------------------------------------


def timeline(person: Person) -> Iterator[Entry]:
    """The newest mails to this address, each where it stands now; of newsletters also the links the person followed."""
    rows = Delivery.objects.filter(address_hash=person.hash).select_related("message", "mailing")
    deliveries = list(rows.defer("message__html", "message__text").order_by("-pk")[:_NEWEST])
    followed = _followed([delivery.pk for delivery in deliveries if delivery.mailing_id])
    for delivery in deliveries:
        yield Entry(
            at=delivery.sent_at or delivery.created_at,
            kind="mail",
            words=_words(delivery),
            detail=" · ".join([*_details(delivery), *_clicks(followed.get(delivery.pk, []))]),
            url=reverse("admin:mailer_delivery_change", args=[delivery.pk]),
            permission="mailer.view_delivery",
            about=delivery,
        )


def _words(delivery: Delivery) -> str:
    if delivery.mailing is not None:
        state = states.of(delivery, [])
        return _("Newsletter “%(name)s”: %(state)s") % {"name": delivery.mailing.name, "state": state.label}
    return _("Mail (%(kind)s): %(status)s") % {
        "kind": delivery.get_kind_display(),
        "status": delivery.get_status_display(),
    }


def _followed(deliveries: Sequence[int]) -> dict[int, list[str]]:
    """What the links were called that a person followed, by the number of the mail."""
    found: dict[int, list[str]] = {}
    judged = Hit.objects.exclude(reason="").exclude(verdict=Hit.Verdict.MACHINE)
    hits = judged.filter(delivery__in=deliveries, link__isnull=False)
    for pk, label, url in hits.order_by("at").values_list("delivery", "link__label", "link__url"):
        found.setdefault(pk, []).append(label or url)
    return {pk: list(dict.fromkeys(labels)) for pk, labels in found.items()}


def _clicks(labels: Sequence[str]) -> Iterator[str]:
    if labels:
        yield _("clicked: %(links)s") % {"links": ", ".join(f"“{label}”" for label in labels)}


def _details(delivery: Delivery) -> Iterator[str]:
    if delivery.message.subject:
        yield f"“{delivery.message.subject}”"
    if delivery.bounced_at is not None:
        why = in_words(delivery.bounce_class, delivery.bounce_code)
        yield _("came back on %(date)s") % {"date": _day(delivery.bounced_at)} + (f": {why}" if why else "")
    elif delivery.delivered_at is not None:
        yield _("delivered on %(date)s") % {"date": _day(delivery.delivered_at)}
    if delivery.complained_at is not None:
        yield _("reported as spam on %(date)s") % {"date": _day(delivery.complained_at)}


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


# --- export ---------------------------------------------------------------------------------------------------------


def export(person: Person) -> list[dict[str, Any]]:
    rows = Delivery.objects.filter(address_hash=person.hash)
    rows = rows.select_related("message", "mailing__mailing_list").defer("message__html")
    return [_exported(one) for one in rows.prefetch_related("events", "hits__link").order_by("pk")]


def _exported(delivery: Delivery) -> dict[str, Any]:
    return {
        "Kind": str(delivery.get_kind_display()),
        "To": delivery.address,
        "From": delivery.message.from_name,
        "Subject": delivery.message.subject,
        "Text": delivery.message.text,
        "Standing": str(delivery.get_status_display()),
        "What happened": [
            {"When": event.occurred_at.isoformat(), "What": str(event.get_type_display())}
            for event in sorted(delivery.events.all(), key=lambda event: (event.occurred_at, event.pk))
        ],
        **(_of_newsletter(delivery) if delivery.mailing else {}),
    }


def _of_newsletter(delivery: Delivery) -> dict[str, Any]:
    """The list it came by, its dates, and every request for its links and pictures while we know it."""
    dates = {
        "Sent": delivery.sent_at,
        "Delivered": delivery.delivered_at,
        "Came back": delivery.bounced_at,
        "Reported as spam": delivery.complained_at,
        "Opened": delivery.opened_at,
        "Clicked": delivery.clicked_at,
    }
    mailing_list = delivery.mailing.mailing_list if delivery.mailing else None
    return {
        "List": str(mailing_list or ""),
        **{name: moment.isoformat() for name, moment in dates.items() if moment},
        "Links followed": [
            {
                "When": hit.at.isoformat(),
                "What": str(hit.get_kind_display()),
                "Link": hit.link.url if hit.link else "",
                "Taken for": str(hit.get_verdict_display()),
                "Program": hit.agent,
                "Network": hit.network,
            }
            for hit in sorted(delivery.hits.all(), key=lambda hit: (hit.at, hit.pk))
        ],
    }


# --- erasure --------------------------------------------------------------------------------------------------------


def erase(person: Person) -> dict[str, int]:
    """Call off what waits for this person, and empty the addresses, the provider's reports, and texts that only they
    got. The rows and their dates stay, so that every figure stays true."""
    mails = Delivery.objects.filter(address_hash=person.hash)
    # In the order in which other workers lock several of them.
    for delivery in mails.filter(status=Delivery.Status.QUEUED).order_by("pk"):
        # A letter belongs to who wrote it: one that waits for this mailbox is stopped at the door and held for a look.
        # A mailing's may be in the hands of the provider just now: its window settles it, an empty address stops it.
        if delivery.kind not in {Delivery.Kind.LETTER, Delivery.Kind.MAILING}:
            sending.cancel(delivery, "its receiver was erased")
    events = DeliveryEvent.objects.filter(delivery__in=mails)
    hits = Hit.objects.filter(delivery__in=mails).exclude(agent="", network="")
    return {
        "mailer.hit": hits.update(agent="", network=""),
        "mailer.message": _empty_own_messages(person),
        "mailer.inboundmail": _empty_inbound(person, mails),
        "mailer.deliveryevent": empty_reports(events) + _empty_parked(person),
        "mailer.delivery": mails.filter(~Q(address="") | Q(reason__contains="@")).update(
            address="", reason=_without_addresses("reason")
        ),
    }


def empty_reports(events: Any) -> int:
    """Empty what the provider posted, and words in which an address stands; the facts and their dates stay."""
    return int(
        events.filter(Q(raw__isnull=False) | Q(detail__contains="@")).update(
            raw=None, detail=_without_addresses("detail")
        )
    )


def _without_addresses(field: str) -> Func:
    return Func(F(field), Value(r"[^\s<>]+@[^\s<>]+"), Value("…"), Value("g"), function="regexp_replace")


def _empty_own_messages(person: Person) -> int:
    """Texts written for this person alone. What many get, such as a confirmation, holds nothing of any one of them."""
    others = Delivery.objects.filter(message=OuterRef("pk")).exclude(
        address_hash=person.hash, kind=Delivery.Kind.SYSTEM
    )
    theirs = Message.objects.filter(
        deliveries__address_hash=person.hash, deliveries__kind=Delivery.Kind.SYSTEM, erased_at=None
    )
    return empty_messages(Message.objects.filter(~Exists(others), pk__in=theirs.values("pk")))


def empty_messages(messages: Any) -> int:
    """Empty texts and names of messages. Their hash goes too: with a guess at name and address it could be proven."""
    return int(
        messages.filter(erased_at=None).update(
            subject="",
            text="",
            html="",
            from_name="",
            reply_to="",
            reply_to_name="",
            content_hash=b"",
            erased_at=timezone.now(),
        )
    )


def _empty_parked(person: Person) -> int:
    """Reports that found no delivery yet name their receiver only in what the provider posted. They are few."""
    waiting = DeliveryEvent.objects.filter(delivery=None, applied_at=None, raw__isnull=False)
    mine = [pk for pk, raw in waiting.values_list("pk", "raw").iterator() if person.hash in _hashes_in(raw)]
    return empty_reports(DeliveryEvent.objects.filter(pk__in=mine))


def _empty_inbound(person: Person, mails: QuerySet[Delivery]) -> int:
    """Mails that came back from this person's mailbox, or that they wrote to an address of our machine. Those that say
    of which mail they are found by it; the others, of the last thirty days, are looked through."""
    kept = InboundMail.objects.filter(raw__isnull=False)
    others = kept.exclude(pk__in=kept.filter(delivery__in=mails).values("pk")).filter(delivery=None)
    found = [
        pk
        for pk, raw in others.values_list("pk", "raw").iterator(chunk_size=100)
        if person.hash in _hashes_in(bytes(raw or b"").decode("ascii", errors="replace"))
    ]
    theirs = Q(delivery__in=mails) | Q(pk__in=found)
    return int(
        InboundMail.objects.filter(theirs).exclude(raw=None, recipient="").update(raw=None, recipient="")
    )


def _hashes_in(raw: Any) -> Iterator[bytes]:
    # The letter of an escaped line break is none of the address behind it.
    text = raw if isinstance(raw, str) else _ESCAPE_IN_JSON.sub(" ", json.dumps(raw, ensure_ascii=False))
    found = set(_ADDRESS.findall(text))
    # Signs around an address, such as the stop of a sentence, may be meant as part of it or not.
    for written in found | {one.strip(_AROUND) for one in found}:
        try:
            yield addresses.parse(written).hash
        except ValidationError:
            continue
