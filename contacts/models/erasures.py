"""That somebody was erased: what is left of them, and what a restored backup is put right with."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """One erasure of one address, kept for ever and never changed. It holds no address, only its keyed hash."""

    class Door(models.TextChoices):
        COMMAND = "command", _("a command")
        DESK = "desk", _("the staff desk")
        PREFERENCES = "preferences", _("the person, in their preferences")
        REPLAY = "replay", _("the log, after a restore")

    address_hash = models.BinaryField(max_length=32, db_index=True)
    at = models.DateTimeField(_("when"), db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    door = models.CharField(_("by way of"), max_length=12, choices=Door)
    rows = models.JSONField(_("rows"), default=dict, help_text=_("Rows removed or emptied, by table."))

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(door__in=["command", "desk", "preferences", "replay"]),
                name="erasure_door_known",
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
