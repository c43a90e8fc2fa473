"""What a campaign's page shows beside its story: steps, questions, words explained, news, partners.

Steps, questions and words belong to one language's text; news to a language; partners to the campaign.
"""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from advocacy.models.campaigns import Campaign, CampaignText

web_address = URLValidator(["http", "https"])


class Step(models.Model):
    """One way to take part, such as "Share this page", in the order in which the page shows them."""

    class LeadsTo(models.TextChoices):
        NOTHING = "", _("nowhere: words only")
        LETTER = "letter", _("writing a letter")
        SHARE = "share", _("sharing")
        SUPPORT = "support", _("an expression of support")
        RESOURCES = "resources", _("the action pack")
        VIDEO = "video", _("the video")
        LINK = "link", _("another page")

    text = models.ForeignKey(CampaignText, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("words"), blank=True, help_text=_("Markdown."))
    leads_to = models.CharField(_("button"), max_length=10, choices=LeadsTo, blank=True, default="")
    url = models.URLField(
        _("page"),
        max_length=500,
        blank=True,
        validators=[web_address],
        help_text=_("Where the button leads, if it leads to another page."),
    )

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("step")
        verbose_name_plural = _("what you can do")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(leads_to__in=["", "letter", "share", "support", "resources", "video", "link"]),
                name="step_leads_to_known",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """A question that people ask, with its answer."""

    text = models.ForeignKey(CampaignText, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(_("answer"), help_text=_("Markdown."))

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("question")
        verbose_name_plural = _("questions and answers")

    def __str__(self) -> str:
        return self.question


class Term(models.Model):
    """A word of the campaign, explained; the glossary shows them by the alphabet of the language."""

    text = models.ForeignKey(CampaignText, on_delete=models.CASCADE, related_name="terms")
    term = models.CharField(_("word"), max_length=100)
    meaning = models.TextField(_("what it means"), help_text=_("Markdown."))

    class Meta:
        ordering = ["term", "pk"]
        verbose_name = _("word")
        verbose_name_plural = _("words explained")

    def __str__(self) -> str:
        return self.term


class Update(models.Model):
    """News of a campaign in one language."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="updates", verbose_name=_("campaign")
    )
    language = models.CharField(_("language"), max_length=12)
    title = models.CharField(_("title"), max_length=150)
    body = models.TextField(_("words"), help_text=_("Markdown."))
    published_at = models.DateTimeField(
        _("published on"), null=True, blank=True, help_text=_("Empty: a draft that only staff see.")
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-published_at", "-pk"]
        verbose_name = _("piece of news")
        verbose_name_plural = _("news")
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "-published_at"],
                name="update_published",
                condition=Q(published_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title


class Partner(models.Model):
    """Who stands behind a campaign, by name and logo. Members with a page of their own are `Membership`s."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="partners")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    name = models.CharField(_("name"), max_length=200)
    url = models.URLField(_("website"), max_length=500, blank=True, validators=[web_address])
    logo = models.ForeignKey(
        "mailer.Picture",
        verbose_name=_("logo"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("partner")
        verbose_name_plural = _("partners")

    def __str__(self) -> str:
        return self.name
