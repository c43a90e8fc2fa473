"""What people pass on: words for each network and language, and short links that count who came by them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from advocacy.models.campaigns import Campaign
from advocacy.models.letters import Submission
from advocacy.models.members import Membership


class ShareText(models.Model):
    """A suggested message: of one language, for one network or for any."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="share_texts", verbose_name=_("campaign")
    )
    language = models.CharField(_("language"), max_length=12)
    network = models.CharField(
        _("network"),
        max_length=12,
        blank=True,
        help_text=_("Empty: for every network."),
    )
    text = models.TextField(_("message"), max_length=500, help_text=_("Without the link: it is added."))
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("message to share")
        verbose_name_plural = _("messages to share")
        indexes: ClassVar = [models.Index(fields=["campaign", "language"], name="share_text_language")]

    def __str__(self) -> str:
        return self.text[:60]


class ShareLink(models.Model):
    """A short address of a campaign, /j/<code>: of one supporter, of a member organisation, or of staff for a source.

    Whose link it is, is told to nobody who follows it. One without owner and source was an erased supporter's: it
    still leads to the campaign. Who came by it is counted once their letters are confirmed
    (`Submission.referrer`, `.membership`, `.source`); `opened` counts what looks like a person opening it.
    """

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="share_links", verbose_name=_("campaign")
    )
    code = models.SlugField(_("code"), max_length=40, unique=True, help_text=_("For example amber-fox-27."))
    submission = models.OneToOneField(
        Submission, null=True, blank=True, on_delete=models.CASCADE, related_name="share_link", editable=False
    )
    membership = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="share_links",
        verbose_name=_("member"),
    )
    source = models.SlugField(
        _("source"),
        max_length=64,
        blank=True,
        help_text=_("What you call it in the figures, such as may-poster."),
    )
    language = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("In which it opens. Empty: the reader's.")
    )
    opened = models.PositiveIntegerField(_("opened"), default=0, editable=False)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("short link")
        verbose_name_plural = _("short links")
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "-created_at"],
                name="share_link_of_staff",
                condition=Q(submission__isnull=True),
            )
        ]
        constraints: ClassVar = [
            # Who came is counted by member and source: two links of one would be told apart by nothing.
            models.UniqueConstraint(
                fields=["campaign", "source"],
                condition=Q(submission__isnull=True, membership__isnull=True) & ~Q(source=""),
                name="one_short_link_per_source",
            ),
            models.UniqueConstraint(
                fields=["membership", "source"],
                condition=Q(membership__isnull=False),
                name="one_short_link_per_member_and_source",
            ),
            models.CheckConstraint(
                condition=Q(submission__isnull=True) | Q(membership__isnull=True, source=""),
                name="short_link_is_of_one",
            ),
        ]

    def __str__(self) -> str:
        return self.code
