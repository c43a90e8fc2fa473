"""A call to write to representatives: its texts, whom it asks to write to, and what the letters say."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from advocacy import rules
from advocacy.models.representatives import Area, Legislature, Person
from contacts.naming import language_name

colour = RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write the colour as #rrggbb, for example #1f6f54."))


class Campaign(models.Model):
    """A call to write to representatives. Never a newsletter."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft: only staff see it")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    slug = models.SlugField(_("short name in addresses"), unique=True)
    name = models.CharField(_("name for staff"), max_length=200)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    default_language = models.CharField(_("main language"), max_length=12, default="en")
    accent = models.CharField(_("colour"), max_length=7, default="#1f6f54", validators=[colour])
    sender_name = models.CharField(
        _("name behind “via”"),
        max_length=80,
        validators=[rules.check_sender_name],
        help_text=_("Letters come from “Ann Example via …”."),
    )
    mailing_list = models.ForeignKey(
        "contacts.MailingList",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        help_text=_("Offered to supporters by its own tick."),
        verbose_name=_("mailing list"),
    )
    contact_address = models.EmailField(
        _("contact address"), blank=True, help_text=_("Shown in mails and the privacy notice.")
    )

    test_mode = models.BooleanField(
        _("test mode"),
        default=True,
        help_text=_("Every letter goes to the person testing, marked as a test."),
    )
    test_address = models.EmailField(
        _("letters in test mode go to"), blank=True, help_text=_("Empty: to the address typed into the form.")
    )
    held_until_looked_at = models.BooleanField(_("hold every letter for a look"), default=False)
    stopped = models.BooleanField(
        _("stop button"), default=False, help_text=_("No letter leaves until this is taken off.")
    )

    max_recipients = models.PositiveSmallIntegerField(
        _("at most so many people at once"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    )
    per_person_hour = models.PositiveIntegerField(
        _("letters to one address an hour"), default=20, validators=[MinValueValidator(1)]
    )
    per_person_day = models.PositiveIntegerField(
        _("letters to one address a day"), default=100, validators=[MinValueValidator(1)]
    )
    per_domain_hour = models.PositiveIntegerField(
        _("letters to one receiving domain an hour"), default=200, validators=[MinValueValidator(1)]
    )
    per_domain_day = models.PositiveIntegerField(
        _("letters to one receiving domain a day"), default=1000, validators=[MinValueValidator(1)]
    )
    office_hours = models.BooleanField(
        _("only in office hours"), default=True, help_text=_("In the representative's own time zone.")
    )

    goal = models.PositiveIntegerField(_("first goal of letters"), default=100)
    share_image_url = models.URLField(_("picture for sharing"), blank=True, max_length=500)
    hero = models.ForeignKey(
        "mailer.Picture",
        verbose_name=_("picture at the top"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    logo = models.ForeignKey(
        "mailer.Picture",
        verbose_name=_("logo"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    video_url = models.URLField(_("video"), blank=True, max_length=500)
    video_still = models.ForeignKey(
        "mailer.Picture",
        verbose_name=_("still of the video"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Shown until somebody starts the video; before, nothing is loaded from elsewhere."),
    )
    embedded_on = models.TextField(
        _("sites that may show the form"),
        blank=True,
        db_default="",
        help_text=_("One a line, for example https://www.example.org. Empty: every site."),
    )
    hashtags = models.CharField(
        _("hashtags"),
        max_length=300,
        blank=True,
        help_text=_("With blanks between, for example #BusForAll #Save42"),
    )
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "open", "closed"]), name="campaign_status_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CampaignText(models.Model):
    """What a campaign says in one language. Missing languages fall back to the campaign's main one."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="texts", verbose_name=_("campaign")
    )
    language = models.CharField(_("language"), max_length=12)
    is_ready = models.BooleanField(
        _("readers see it"),
        default=True,
        db_default=True,
        help_text=_("Off: a draft. Who reads this language gets the campaign's main one meanwhile."),
    )
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("one sentence"), max_length=300)
    story = models.TextField(_("story"), help_text=_("Markdown."))
    asks = models.TextField(_("what we ask for"), blank=True, help_text=_("One a line."))
    closed_text = models.TextField(_("shown when the campaign is closed"), blank=True)
    thank_you = models.TextField(_("thank-you"), blank=True, help_text=_("Markdown."))
    share_text = models.CharField(_("text to share"), max_length=280, blank=True)
    hashtags = models.CharField(
        _("hashtags"), max_length=300, blank=True, db_default="", help_text=_("Empty: the campaign's own.")
    )
    hero_alt = models.CharField(
        _("what the picture at the top shows"),
        max_length=300,
        blank=True,
        db_default="",
        help_text=_("Empty: the words of the library."),
    )
    video_url = models.URLField(
        _("video in this language"),
        blank=True,
        max_length=500,
        db_default="",
        help_text=_("Empty: the campaign's own."),
    )
    letter_consent = models.TextField(
        _("consent to the letter"), blank=True, help_text=_("Empty: the sentence of the house.")
    )

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "language"], name="one_campaign_text_per_language")
        ]

    def __str__(self) -> str:
        return f"{capfirst(language_name(self.language))}: {self.title}"


class Match(models.Model):
    """Conditions on a mandate; an empty one is always true, all of them must hold."""

    country = models.CharField(_("country"), max_length=2, blank=True)
    legislature = models.ForeignKey(
        Legislature, verbose_name=_("legislature"), null=True, blank=True, on_delete=models.CASCADE
    )
    chamber = models.CharField(_("chamber"), max_length=12, blank=True, choices=Legislature.Chamber)
    party = models.CharField(_("party"), max_length=200, blank=True)
    role = models.CharField(_("role"), max_length=100, blank=True)
    area = models.ForeignKey(Area, verbose_name=_("area"), null=True, blank=True, on_delete=models.CASCADE)

    class Meta:
        abstract = True


class TargetRule(Match):
    """Whom a campaign asks to write to, and whom it spares. A person spared by any rule is not offered."""

    class Effect(models.TextChoices):
        TICK = "tick", _("offer, already ticked")
        OFFER = "offer", _("offer")
        SPARE = "spare", _("spare")
        FALLBACK = "fallback", _("offer when nobody else matches")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rules")
    effect = models.CharField(_("effect"), max_length=10, choices=Effect, default=Effect.OFFER)
    person = models.ForeignKey(
        Person, verbose_name=_("representative"), null=True, blank=True, on_delete=models.CASCADE
    )
    note = models.CharField(_("why"), max_length=200, blank=True, help_text=_("For staff."))

    class Meta:
        verbose_name = _("target rule")
        verbose_name_plural = _("target rules")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(effect__in=["tick", "offer", "spare", "fallback"]), name="target_effect_known"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_effect_display())


class LetterTemplate(Match):
    """The words of a letter. The first template that matches by priority is taken, else the default one."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="templates", verbose_name=_("campaign")
    )
    name = models.CharField(_("name for staff"), max_length=100)
    language = models.CharField(_("language"), max_length=12)
    priority = models.PositiveSmallIntegerField(
        _("order"), default=100, help_text=_("The lowest that matches is taken.")
    )
    subjects = models.TextField(
        _("subjects"), help_text=_("One a line; the supporter picks one or edits it.")
    )
    subject_editable = models.BooleanField(_("subject can be edited"), default=True)
    salutation = models.CharField(
        _("salutation"),
        max_length=200,
        help_text=_("For example Dear {{ title | Member }} {{ family_name }},"),
    )
    opening = models.TextField(_("opening"), blank=True, help_text=_("Cannot be edited by the supporter."))
    body = models.TextField(_("letter"), help_text=_("The supporter may edit this part."))
    body_editable = models.BooleanField(_("letter can be edited"), default=True)
    closing = models.TextField(
        _("closing"),
        blank=True,
        help_text=_("Cannot be edited. For example: Yours sincerely, {{ supporter_name }}"),
    )
    min_length = models.PositiveIntegerField(_("shortest"), default=20, validators=[MinValueValidator(20)])
    max_length = models.PositiveIntegerField(_("longest"), default=5000, validators=[MaxValueValidator(5000)])

    class Meta:
        ordering = ["priority", "pk"]
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
