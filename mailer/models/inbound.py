"""Mail that came back to us: bounces, complaints, machines that answer, and people who leave by writing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mailer.models.ledger import Delivery


class InboundMail(models.Model):
    """A mail to one of our own addresses, as it came. Read by a worker; what it says goes where reports of a provider go.

    It is emptied after thirty days; that it came, and what it was, stays, so that no mailbox is read twice.
    """

    class Kind(models.TextChoices):
        BOUNCE = "bounce", _("bounce")
        COMPLAINT = "complaint", _("complaint")
        UNSUBSCRIBE = "unsubscribe", _("leaves a list")
        MACHINE = "machine", _("answered by a machine")
        OTHER = "other", _("other")
        UNREADABLE = "unreadable", _("cannot be read")

    raw = models.BinaryField(null=True, help_text=_("The mail, cut at a bound; emptied after 30 days."))
    recipient = models.CharField(
        max_length=254, blank=True, help_text=_("To which of our addresses it came.")
    )
    door = models.CharField(max_length=30, help_text=_("The mailbox, or the provider that posted it."))
    digest = models.BinaryField(max_length=32, unique=True)
    number = models.CharField(
        max_length=200, blank=True, help_text=_("Its number in a mailbox without flags.")
    )
    kind = models.CharField(max_length=12, choices=Kind, blank=True)
    delivery = models.ForeignKey(
        Delivery,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        help_text=_("Which mail of ours it is about."),
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("mail that came in")
        verbose_name_plural = _("mails that came in")
        indexes: ClassVar = [
            models.Index(fields=["id"], name="inbound_to_read", condition=Q(read_at__isnull=True)),
            models.Index(
                fields=["received_at"],
                name="inbound_raw_age",
                condition=Q(raw__isnull=False) | ~Q(recipient=""),
            ),
            models.Index(fields=["number"], name="inbound_number", condition=~Q(number="")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
