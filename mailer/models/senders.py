"""Who mails come from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sender(models.Model):
    """Who a mail comes from."""

    class Road(models.TextChoices):
        API = "api", _("the provider's API")
        SMTP = "smtp", _("our SMTP relay")

    name = models.CharField(_("name"), max_length=100)
    address = models.EmailField(_("address"), max_length=254)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    postal_address = models.CharField(_("postal address"), max_length=300)
    reply_to = models.EmailField(_("answers go to"), max_length=254, blank=True)
    road = models.CharField(_("sent by"), max_length=4, choices=Road, default=Road.API)
    per_second = models.PositiveIntegerField(
        _("mails a second"), default=0, help_text=_("What the provider allows; 0: no limit.")
    )
    per_day = models.PositiveIntegerField(_("mails a day"), default=0, help_text=_("0: no limit."))
    dkim_selectors = models.CharField(
        _("DKIM selectors"),
        max_length=200,
        blank=True,
        help_text=_("Separated by commas, as the provider names them."),
    )
    dns = models.JSONField(
        null=True, blank=True, help_text=_("Findings of the last look at its domain, in our words.")
    )
    dns_checked_at = models.DateTimeField(_("domain checked on"), null=True, blank=True)

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["address", "name"], name="one_sender_per_name")
        ]

    def __str__(self) -> str:
        return self.name
