"""Addresses we do not write to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Suppression(models.Model):
    """An address we do not write to. It is remembered as a keyed hash, so it outlives the erasure of the person."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("the mailbox does not exist")
        COMPLAINT = "complaint", _("reported our mail as spam")
        NOT_ME = "not_me", _("said: it wasn't me")
        DO_NOT_CONTACT = "do_not_contact", _("asked us never to write")
        ERASED = "erased", _("asked to be erased")
        LEFT = "left", _("left everything")

    class Scope(models.TextChoices):
        ALL = "all", _("every mail")
        MAILINGS = "mailings", _("newsletters")
        CONFIRMATIONS = "confirmations", _("confirmation mails")

    address_hash = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=20, choices=Reason)
    scope = models.CharField(max_length=20, choices=Scope)
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty: for ever."))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address_hash", "scope", "reason"], name="one_suppression_per_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reason__in=["bounce", "complaint", "not_me", "do_not_contact", "erased", "left"]
                )
                & models.Q(scope__in=["all", "mailings", "confirmations"]),
                name="suppression_words_known",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
