"""What came back of a mailing: by kind, and by the domain that sent it back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import CharField, Count, F, Func, Value

from mailer.models import Delivery, Mailing
from mailer.reporting.drawing import Rod, rods

MOST_DOMAINS = 20


@dataclass(frozen=True, slots=True)
class Class:
    """The bounces of one kind; `key` is a word of `Delivery.BounceClass`."""

    key: str
    rod: Rod


@dataclass(frozen=True, slots=True)
class Bounces:
    """Each bounce once by its kind, and once by the domain it came from. Of forgotten addresses the domain is gone too."""

    total: int
    classes: list[Class]
    domains: list[Rod]
    others: int  # bounces of domains that are not shown
    forgotten: int


def bounces(mailing: Mailing) -> Bounces:
    """What came back, commonest first. An index holds just these rows."""
    rows = Delivery.objects.filter(mailing=mailing, bounced_at__isnull=False, status=Delivery.Status.SENT)
    domain = Func(F("address"), Value("@"), Value(2), function="split_part", output_field=CharField())
    by_class: Counter[str] = Counter()
    by_domain: Counter[str] = Counter()
    grouped = rows.order_by().annotate(domain=domain).values_list("bounce_class", "domain")
    for bounce_class, name, count in grouped.annotate(Count("pk")):
        by_class[bounce_class] += count
        by_domain[name] += count
    total, forgotten = by_class.total(), by_domain.pop("", 0)
    named = by_domain.most_common(MOST_DOMAINS)
    drawn = rods([(_label(key), count) for key, count in by_class.most_common()], total)
    return Bounces(
        total=total,
        classes=[Class(key, rod) for (key, _), rod in zip(by_class.most_common(), drawn, strict=True)],
        domains=rods(named, total),
        others=total - forgotten - sum(count for _, count in named),
        forgotten=forgotten,
    )


def _label(bounce_class: str) -> str:
    return str(Delivery.BounceClass(bounce_class).label) if bounce_class else "–"
