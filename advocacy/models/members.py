"""Member organisations: each with a page of the campaign in its own name, and figures of who came by it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from advocacy.models.campaigns import Campaign, colour
from advocacy.models.pages import web_address


class Membership(models.Model):
    """An organisation's part in a campaign. Its page is the campaign's, with its name, logo, colour and words.

    The organisation's short name is its source code: who writes from its page is counted for it. People who also
    want news from it agree to that by a box of its own, for a list of its own.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("campaign")
    )
    organisation = models.ForeignKey(
        "accounts.Organisation",
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=_("organisation"),
    )
    is_active = models.BooleanField(
        _("its page is open"), default=True, help_text=_("Off: its page leads to the campaign's own.")
    )
    is_listed = models.BooleanField(_("named on the campaign's page"), default=True)
    language = models.CharField(
        _("language"),
        max_length=12,
        blank=True,
        help_text=_("In which its short links open. Empty: the reader's."),
    )
    accent = models.CharField(
        _("colour"), max_length=7, blank=True, validators=[colour], help_text=_("Empty: the campaign's.")
    )
    website = models.URLField(_("website"), max_length=500, blank=True, validators=[web_address])
    logo = models.ForeignKey(
        "mailer.Picture",
        verbose_name=_("logo"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    mailing_list = models.ForeignKey(
        "contacts.MailingList",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("mailing list"),
        help_text=_("A list of this organisation, offered on its page by a box of its own."),
    )
    joined_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        ordering = ["organisation__name"]
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "organisation"], name="one_membership_per_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.organisation.name


class MembershipText(models.Model):
    """What a member says above the campaign's story, in one language."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=12)
    intro = models.TextField(_("words"), help_text=_("Markdown. Stands above the campaign's own story."))

    class Meta:
        verbose_name = _("words of a member")
        verbose_name_plural = _("words of a member")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["membership", "language"], name="one_member_text_per_language")
        ]

    def __str__(self) -> str:
        return self.language
