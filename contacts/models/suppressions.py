"""Addresses we do not write to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Suppression(models.Model):
    """An address we do not write to. It is remembered as a keyed hash, so it outlives the erasure of the person."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("the mailbox does not exist")
        UNREACHABLE = "unreachable", _("took no mail for weeks")
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
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    scope = models.CharField(_("what is forbidden"), max_length=20, choices=Scope)
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: for ever."))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        permissions = [("lift_suppression", _("Can lift a suppression, with a reason"))]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address_hash", "scope", "reason"], name="one_suppression_per_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reason__in=[
                        "bounce",
                        "unreachable",
                        "complaint",
                        "not_me",
                        "do_not_contact",
                        "erased",
                        "left",
                    ]
                )
                & models.Q(scope__in=["all", "mailings", "confirmations"]),
                name="suppression_words_known",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Lift(models.Model):
    """How a suppression went, or became narrower: by the person's own word, by a member of staff, or by both.

    Written before the suppression is touched; a trigger lets no row of `Suppression` go without it (invariant I11).
    Kept for ever and never changed: it holds no address, only its keyed hash.
    """

    suppression = models.BigIntegerField(help_text=_("The number of the row, which may be gone."))
    address_hash = models.BinaryField(max_length=32, db_index=True)
    reason = models.CharField(max_length=20, choices=Suppression.Reason)
    scope = models.CharField(max_length=20, choices=Suppression.Scope)
    left_scope = models.CharField(
        max_length=20,
        choices=Suppression.Scope,
        blank=True,
        help_text=_("What is forbidden still; empty: nothing."),
    )
    evidence = models.JSONField(default=dict, blank=True)
    suppressed_at = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    why = models.CharField(_("why"), max_length=300, blank=True)
    consent = models.ForeignKey(
        "contacts.Consent", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("When the person asked for our mail again, proven by their mailbox."),
    )

    class Meta:
        verbose_name = _("lift of a suppression")
        verbose_name_plural = _("lifts of suppressions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(asked_at__isnull=False) | ~models.Q(why=""),
                name="lift_by_person_or_staff",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason__in=["complaint", "erased"], left_scope="")
                | models.Q(asked_at__isnull=False),
                name="lift_needs_the_person",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
