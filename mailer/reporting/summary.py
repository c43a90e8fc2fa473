"""What became of a mailing in a few figures, each as a share of those it could have happened to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext_lazy as _

from mailer.models import Delivery, Mailing, MailingFigure
from mailer.reporting.counting import Counts

FACTS = ("delivered", "clicked", "machine_click", "opened", "unsubscribed", "complained", "bounced")
# RELIABILITY §3: what large mailbox providers ask of a sender, and where they shut the door.
COMPLAINTS_ASKED, COMPLAINTS_MOST = 0.001, 0.003
HARD_BOUNCES_MOST = 0.05


@dataclass(frozen=True, slots=True)
class Rate:
    """How many, of how many. `state` is the word of `State` whose people these are, "" where there is none."""

    key: str
    label: Any
    count: int
    whole: int
    of: Any
    note: Any = ""
    asked: float | None = None  # the share that is still good
    most: float | None = None  # the share from which it is bad

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where it is of nobody."""
        return self.count / self.whole if self.whole else None

    @property
    def tone(self) -> str:
        """How the share compares with what is asked: "good", "warn" or "bad"; "" where nothing is asked."""
        if self.share is None or self.most is None:
            return ""
        if self.share >= self.most:
            return "bad"
        return "warn" if self.asked is not None and self.share >= self.asked else "good"


def figures(mailings: Sequence[Mailing]) -> dict[int, dict[str, int]]:
    """The counted facts of each mailing by name; one query, whatever their number. Never below nought."""
    rows = MailingFigure.objects.filter(mailing__in=mailings, fact__in=FACTS).order_by()
    found = {mailing.pk: dict.fromkeys(FACTS, 0) for mailing in mailings}
    for mailing, fact, count in rows.values_list("mailing", "fact").annotate(Sum("count")):
        found[mailing][fact] = max(0, count)
    return found


def rates(mailing: Mailing, counts: Counts) -> list[Rate]:
    """The figures of a mailing's page. Clicks and openings only where they were counted at all."""
    counted = figures([mailing])[mailing.pk]
    arrived = counts["delivered"] + counts["complained"]
    of_sent, of_arrived = _("of those it was sent to"), _("of those it was delivered to")
    found = [
        Rate(
            "delivered",
            _("delivered"),
            arrived,
            counts.sent,
            of_sent,
            note=_("With those who reported it as spam.") if counts["complained"] else "",
        ),
        Rate("bounced", _("bounced"), counts["bounced"], counts.sent, of_sent, most=HARD_BOUNCES_MOST),
        Rate(
            "complained",
            _("reported as spam"),
            counts["complained"],
            arrived,
            of_arrived,
            note=_("Mailbox providers ask for less than 0.1%, and refuse mail from 0.3% on."),
            asked=COMPLAINTS_ASKED,
            most=COMPLAINTS_MOST,
        ),
        Rate("unsubscribed", _("unsubscribed"), counted["unsubscribed"], arrived, of_arrived),
    ]
    if mailing.track_clicks:
        people, machines = counted["clicked"], counted["machine_click"]
        found.append(Rate("clicked", _("people who clicked"), people, arrived, of_arrived))
        found.append(
            Rate(
                "machines",
                _("clicked by machines"),
                machines,
                arrived,
                of_arrived,
                note=_(
                    "Scanners follow links before anybody reads the mail. They are not counted as people."
                ),
            )
        )
    if mailing.track_opens:
        note = _("A guess: some mail programs load pictures unseen, others never do.")
        found.append(Rate("opened", _("opened"), counted["opened"], arrived, of_arrived, note=note))
    return found


@dataclass(frozen=True, slots=True)
class Language:
    """One language of a mailing beside the others."""

    code: str
    audience: int
    sent: int
    bounced: int
    complained: int
    clicked: int

    @property
    def bounced_share(self) -> float | None:
        return self._share(self.bounced)

    @property
    def complained_share(self) -> float | None:
        return self._share(self.complained)

    @property
    def clicked_share(self) -> float | None:
        return self._share(self.clicked)

    def _share(self, count: int) -> float | None:
        return count / self.sent if self.sent else None


def languages(mailing: Mailing) -> list[Language]:
    """How the languages of a mailing did, the largest first; none of one that has only one."""
    of_message = dict(mailing.messages.values_list("message", "language"))
    if len(set(of_message.values())) < 2:
        return []
    found = {code: Counter[str]() for code in of_message.values()}
    chunks = mailing.chunks.order_by().values_list("mailing_message__message")
    for message, size, sent in chunks.annotate(Sum("size"), Sum("sent")):
        found[of_message[message]].update(audience=size, sent=sent)
    rows = (
        Delivery.objects.filter(mailing=mailing, status=Delivery.Status.SENT)
        .order_by()
        .values_list("message")
    )
    reported = rows.filter(Q(bounced_at__isnull=False) | Q(complained_at__isnull=False))
    complained = Count("pk", filter=Q(complained_at__isnull=False))
    for message, count, of_them in reported.annotate(all=Count("pk"), of_them=complained):
        found[of_message[message]].update(bounced=count - of_them, complained=of_them)
    if mailing.track_clicks:
        clicked = (
            Delivery.objects.filter(mailing=mailing, clicked_at__isnull=False)
            .order_by()
            .values_list("message")
        )
        for message, count in clicked.annotate(Count("pk")):
            found[of_message[message]].update(clicked=count)
    names = ("audience", "sent", "bounced", "complained", "clicked")
    told = [Language(code, **{name: counted[name] for name in names}) for code, counted in found.items()]
    return sorted(told, key=lambda one: -one.audience)
