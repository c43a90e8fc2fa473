"""The links of a mailing and who followed them. A click link holds ids, never an address to go to: no open redirect."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mailer.models.ledger import Delivery
from mailer.models.mailings import Mailing


class Link(models.Model):
    """One address that a mailing links to, numbered within it."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="links")
    number = models.PositiveIntegerField()
    url = models.CharField(_("address"), max_length=2_000)
    label = models.CharField(_("words of the link"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailing", "number"], name="one_link_per_number"),
            models.UniqueConstraint(fields=["mailing", "url"], name="one_link_per_url"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Hit(models.Model):
    """One request for a click link or a pixel, as it came; what it is taken for, and why. Judged anew when rules improve."""

    class Kind(models.TextChoices):
        CLICK = "click", _("click")
        OPEN = "open", _("opening")

    class Verdict(models.TextChoices):
        HUMAN = "human", _("a person")
        PROBABLE = "probable", _("probably a person")
        MACHINE = "machine", _("a machine")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="hits", db_constraint=False)
    link = models.ForeignKey(
        Link,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="hits",
        db_constraint=False,
        db_index=False,  # hit_of_link begins with it
    )
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField(_("when"), db_default=Now())
    verdict = models.CharField(_("taken for"), max_length=8, choices=Verdict)
    reason = models.CharField(
        _("why"),
        max_length=30,
        blank=True,
        help_text="A word of `links.judging`; empty until it is judged.",
    )
    agent = models.CharField(
        max_length=300, blank=True, help_text="What fetched it, as it says; emptied after 30 days."
    )
    network = models.CharField(
        max_length=50, blank=True, help_text="IPv4 /24 or IPv6 /48; emptied after 30 days."
    )

    class Meta:
        verbose_name = "hit"
        verbose_name_plural = "hits"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=["human", "probable", "machine"]), name="hit_verdict_known"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["link", "verdict", "delivery"], name="hit_of_link"),
            models.Index(fields=["at"], name="hit_to_forget", condition=~Q(agent="") | ~Q(network="")),
            models.Index(fields=["at"], name="hit_to_judge", condition=Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
