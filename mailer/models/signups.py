"""Addresses typed into a list's form, until their owners confirm."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


def new_nonce() -> str:
    """What makes a row's links; changing it kills them."""
    return secrets.token_urlsafe(16)


class SignUp(models.Model):
    """An address typed into a list's form, until its owner says that it was them.

    No contact is made of it before: anybody can type any address. One row waits for each address and list; typed
    again, it is renewed. What it proves once confirmed stands in the consent.
    """

    class Source(models.TextChoices):
        HOSTED = "hosted", _("our page")
        EMBEDDED = "embedded", _("a form on another site")

    mailing_list = models.ForeignKey(
        "contacts.MailingList", on_delete=models.PROTECT, related_name="sign_ups", verbose_name=_("list")
    )
    address = models.CharField(_("address"), max_length=254, blank=True, help_text=_("Empty once forgotten."))
    address_hash = models.BinaryField(max_length=32)
    name = models.CharField(_("name"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=12)
    text = models.TextField(_("text shown"))
    page = models.CharField(_("page"), max_length=300)
    source = models.CharField(_("by"), max_length=10, choices=Source)
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    created_at = models.DateTimeField(_("typed in"), db_default=Now())
    expires_at = models.DateTimeField(_("runs out"))
    subscribed_at = models.DateTimeField(
        _("put on the list"),
        null=True,
        blank=True,
        help_text=_("Put on a single opt-in list at once, unproven."),
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    denied_at = models.DateTimeField(
        _("denied"), null=True, blank=True, help_text=_("The owner said: it wasn't me.")
    )

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address_hash", "mailing_list"],
                name="one_open_sign_up_per_list",
                condition=Q(confirmed_at=None, denied_at=None),
            ),
            models.CheckConstraint(
                condition=Q(source__in=["hosted", "embedded"]), name="sign_up_source_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["address_hash"], name="sign_up_address"),
            models.Index(fields=["mailing_list", "expires_at"], name="sign_up_of_list"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
