"""Supporters, what they send at once, and each letter's life."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from advocacy.models.campaigns import Campaign, LetterTemplate
from advocacy.models.representatives import ContactRoute, Mandate, Person
from contacts.lifecycle import Lifecycle
from contacts.models import MailingList


def new_nonce() -> str:
    """What makes a link of one row different from every other and revocable: 128 random bits."""
    return secrets.token_urlsafe(16)


class Supporter(models.Model):
    """A person who writes letters, known by their mailbox. Emptied, not deleted, by erasure."""

    address = models.CharField(_("address"), max_length=254, blank=True)
    address_key = models.CharField(max_length=320, unique=True, null=True)  # noqa: DJ001 (erased people are many)
    address_hash = models.BinaryField(max_length=32)
    proven_at = models.DateTimeField(_("mailbox proven"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("supporter")
        verbose_name_plural = _("supporters")
        indexes: ClassVar = [models.Index(fields=["address_hash"], name="supporter_address")]


class Submission(models.Model):
    """The letters one supporter sends at once, with what was asked and agreed on the form."""

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="submissions", verbose_name=_("campaign")
    )
    supporter = models.ForeignKey(Supporter, on_delete=models.CASCADE, related_name="submissions")
    form_key = models.CharField(
        max_length=64, unique=True, help_text=_("One form is taken once, however often it is sent.")
    )
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    language = models.CharField(_("language"), max_length=12)
    name = models.CharField(_("name"), max_length=200, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    country = models.CharField(_("country"), max_length=2)
    wants_newsletter = models.BooleanField(_("wants the newsletter"), default=False)
    letter_consent_text = models.TextField(_("consent to the letter"), blank=True)
    newsletter_consent_text = models.TextField(_("consent to the newsletter"), blank=True)
    newsletter_list = models.ForeignKey(
        MailingList,
        null=True,
        blank=True,
        db_index=False,  # a partial one below
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("mailing list"),
        help_text=_("The one the consent names. Gone: nobody is put on another."),
    )
    referrer = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="brought"
    )
    membership = models.ForeignKey(
        "advocacy.Membership",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="submissions",
        verbose_name=_("member"),
        help_text=_("The member organisation from whose page or link the supporter came."),
    )
    source = models.CharField(_("source"), max_length=64, blank=True, db_default="")
    wants_member_news = models.BooleanField(
        _("wants the member's newsletter"), default=False, db_default=False
    )
    member_consent_text = models.TextField(_("consent to the member's newsletter"), blank=True, db_default="")
    member_list = models.ForeignKey(
        MailingList, null=True, blank=True, db_index=False, on_delete=models.SET_NULL, related_name="+"
    )
    network = models.CharField(
        max_length=64, blank=True, help_text=_("Keyed hash of the network; emptied after 30 days.")
    )
    created_at = models.DateTimeField(_("written on"), db_default=Now())
    confirmed_at = models.DateTimeField(_("confirmed on"), null=True, blank=True)
    expires_at = models.DateTimeField(
        _("to be confirmed by"),
    )
    reminded_at = models.DateTimeField(null=True, blank=True)
    corrections = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often the address was corrected before the confirmation.")
    )
    forgotten_at = models.DateTimeField(
        _("forgotten on"), null=True, blank=True, help_text=_("When name and texts were emptied.")
    )

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        indexes: ClassVar = [
            models.Index(
                fields=["expires_at"], name="submission_pending", condition=Q(confirmed_at__isnull=True)
            ),
            models.Index(
                fields=["network", "created_at"], name="submission_network", condition=~Q(network="")
            ),
            models.Index(
                fields=["newsletter_list"],
                name="submission_newsletter_list",
                condition=Q(newsletter_list__isnull=False),
            ),
            models.Index(
                fields=["member_list"], name="submission_member_list", condition=Q(member_list__isnull=False)
            ),
            models.Index(
                fields=["confirmed_at"], name="submission_to_forget", condition=Q(forgotten_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Letter(Lifecycle):
    """One supporter's text to one representative."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting for confirmation")
        CONFIRMED = "confirmed", _("waiting for its turn")
        WITHHELD = "withheld", _("held for a look")
        DISPATCHED = "dispatched", _("handed over")
        WITHDRAWN = "withdrawn", _("withdrawn by the supporter")
        REFUSED = "refused", _("not sent: refused by a person")
        EXPIRED = "expired", _("over: not confirmed or not looked at in time")
        DUPLICATE = "duplicate", _("already written before")
        BY_HAND = "by_hand", _("for the supporter to send")

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {
            Status.CONFIRMED,
            Status.WITHHELD,
            Status.EXPIRED,
            Status.WITHDRAWN,
            Status.DUPLICATE,
            Status.BY_HAND,
        },
        Status.CONFIRMED: {Status.DISPATCHED, Status.WITHHELD, Status.WITHDRAWN},
        Status.WITHHELD: {Status.CONFIRMED, Status.REFUSED, Status.EXPIRED, Status.WITHDRAWN},
        # Only where the door refused the delivery before asking the provider: nothing has left.
        Status.DISPATCHED: {Status.WITHHELD},
    }
    LIVE: ClassVar[list[str]] = [Status.CONFIRMED, Status.WITHHELD, Status.DISPATCHED, Status.BY_HAND]

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="letters")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="letters", verbose_name=_("campaign")
    )
    supporter = models.ForeignKey(Supporter, on_delete=models.CASCADE, related_name="letters")
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="letters", verbose_name=_("representative")
    )
    mandate = models.ForeignKey(Mandate, null=True, blank=True, on_delete=models.SET_NULL)
    route = models.ForeignKey(
        ContactRoute, null=True, blank=True, on_delete=models.SET_NULL, related_name="letters"
    )
    template = models.ForeignKey(
        LetterTemplate, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("letter template")
    )
    language = models.CharField(_("language"), max_length=12)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("letter"))
    own_words = models.PositiveSmallIntegerField(_("share of own words"), default=0, help_text=_("Percent."))
    is_test = models.BooleanField(_("test"), default=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PENDING)
    held_because = models.CharField(_("held because"), max_length=300, blank=True)
    held_at = models.DateTimeField(_("held since"), null=True, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    address_hash = models.BinaryField(
        max_length=32, null=True, help_text=_("The address the slot was kept for.")
    )
    domain = models.CharField(max_length=253, blank=True)
    slot = models.DateTimeField(
        _("leaves"), null=True, blank=True, help_text=_("Planned; once dispatched, when it left.")
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    delivery = models.OneToOneField(
        "mailer.Delivery", null=True, blank=True, on_delete=models.PROTECT, related_name="letter"
    )
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the supporter told us of an answer.")
    )
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it was withdrawn, refused, or ran out of time.")
    )

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        permissions = [("release_letter", _("Can release or refuse a letter held for a look"))]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "supporter", "person"],
                # Tests may be repeated; what reaches a representative may not.
                condition=Q(status__in=["confirmed", "withheld", "dispatched", "by_hand"], is_test=False),
                name="one_letter_per_campaign_and_person",
            ),
            models.UniqueConstraint(
                fields=["submission", "person"], name="one_letter_per_submission_and_person"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "pending",
                        "confirmed",
                        "withheld",
                        "dispatched",
                        "withdrawn",
                        "refused",
                        "expired",
                        "duplicate",
                        "by_hand",
                    ]
                ),
                name="letter_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="dispatched") | Q(delivery__isnull=False),
                name="letter_dispatched_has_delivery",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["slot"], name="letter_due", condition=Q(status="confirmed")),
            models.Index(
                fields=["address_hash", "slot"], name="letter_pace_address", condition=Q(slot__isnull=False)
            ),
            models.Index(
                fields=["domain", "slot"], name="letter_pace_domain", condition=Q(slot__isnull=False)
            ),
            # Which campaigns write to an address or domain: the strictest of their limits holds.
            models.Index(
                fields=["address_hash", "campaign", "slot"],
                name="letter_limits_address",
                condition=Q(slot__isnull=False),
            ),
            models.Index(
                fields=["domain", "campaign", "slot"],
                name="letter_limits_domain",
                condition=Q(slot__isnull=False),
            ),
            models.Index(fields=["campaign", "confirmed_at"], name="letter_count"),
            BrinIndex(
                fields=["confirmed_at"], name="letter_confirmed_day"
            ),  # the week on the desk's home page
            models.Index(fields=["held_at"], name="letter_held", condition=Q(status="withheld")),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Report(models.Model):
    """What a representative's office told us through the link at the foot of a letter (RELIABILITY A5, A7)."""

    class Kind(models.TextChoices):
        ABUSE = "abuse", _("the letter is abusive, or nobody real wrote it")
        NO_LETTERS = "no_letters", _("the office wants no letters from us")

    letter = models.ForeignKey(
        Letter, on_delete=models.CASCADE, related_name="reports", verbose_name=_("letter")
    )
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    words = models.CharField(_("in their words"), max_length=1000, blank=True)
    created_at = models.DateTimeField(_("reported on"), db_default=Now())
    handled_at = models.DateTimeField(_("dealt with"), null=True, blank=True)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("dealt with by"),
    )

    class Meta:
        verbose_name = _("report from an office")
        verbose_name_plural = _("reports from offices")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["letter", "kind"], name="one_report_per_letter_and_kind"),
            models.CheckConstraint(condition=Q(kind__in=["abuse", "no_letters"]), name="report_kind_known"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
