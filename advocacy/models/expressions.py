"""Expressions of support: what a person or an organisation says in public for a campaign."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from advocacy.models.campaigns import Campaign
from advocacy.models.letters import new_nonce
from advocacy.models.members import Membership
from advocacy.models.pages import web_address
from contacts.lifecycle import Lifecycle


class Expression(Lifecycle):
    """One public statement. It is shown once its mailbox is proven and a person has looked at it.

    Of a person or, with `organisation_name`, in the name of an organisation or a state. Name, place and statement are
    published with the consent in `consent_text`; the address never is. Whoever wrote it can take it down at any time by
    the link in their mails, and so can staff. What staff typed themselves, for a state or an organisation that spoke
    elsewhere, has no mailbox: `proof` says where it was said.

    `revision` counts what its readers would see change: a moderator publishes the one they have looked at, no other.
    """

    class Category(models.TextChoices):
        CIVIL_SOCIETY = "civil_society", _("civil society")
        STATE = "state", pgettext_lazy("who speaks", "state")  # a country, not how something stands
        BODY = "body", _("regional or international body")
        ACADEMIA = "academia", _("academia")
        MEDIA = "media", _("media")
        PERSONALITY = "personality", _("personality")
        PUBLIC = "public", _("public")

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting for confirmation")
        CONFIRMED = "confirmed", _("waiting for a look")
        PUBLISHED = "published", _("published")
        REFUSED = "refused", _("not published")
        WITHDRAWN = "withdrawn", _("taken down")
        EXPIRED = "expired", _("over: not confirmed in time")

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.PENDING: {Status.CONFIRMED, Status.EXPIRED, Status.WITHDRAWN},
        Status.CONFIRMED: {Status.PUBLISHED, Status.REFUSED, Status.WITHDRAWN},
        # Back for another look: its writer changed it.
        Status.PUBLISHED: {Status.CONFIRMED, Status.REFUSED, Status.WITHDRAWN},
        Status.REFUSED: {Status.CONFIRMED, Status.PUBLISHED, Status.WITHDRAWN},
    }

    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="expressions", verbose_name=_("campaign")
    )
    membership = models.ForeignKey(
        Membership,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="expressions",
        verbose_name=_("member"),
    )
    form_key = models.CharField(
        max_length=64, unique=True, help_text="One form is taken once, however often it is sent."
    )
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PENDING)

    # --- published
    category = models.CharField(_("who speaks"), max_length=16, choices=Category, default=Category.PUBLIC)
    name = models.CharField(_("name"), max_length=200, blank=True)
    role = models.CharField(_("office or profession"), max_length=200, blank=True)
    organisation_name = models.CharField(_("organisation"), max_length=200, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    statement = models.TextField(_("statement"), max_length=2_000, blank=True)
    video_url = models.URLField(_("video"), max_length=500, blank=True, validators=[web_address])
    picture = models.FileField(_("picture"), upload_to="expressions/", max_length=200, blank=True)
    picture_alt = models.CharField(_("what the picture shows"), max_length=300, blank=True)
    picture_width = models.PositiveIntegerField(null=True, blank=True)
    picture_height = models.PositiveIntegerField(null=True, blank=True)
    is_featured = models.BooleanField(_("shown first"), default=False)
    revision = models.PositiveIntegerField(default=1)

    # --- not published
    address = models.CharField(_("address"), max_length=254, blank=True)
    address_key = models.CharField(max_length=320, blank=True)
    address_hash = models.BinaryField(max_length=32, null=True, blank=True)
    mail_language = models.CharField(max_length=12, blank=True, help_text="In which we write to them.")
    network = models.CharField(
        max_length=64, blank=True, help_text="Keyed hash of the network; emptied after 30 days."
    )
    consent_text = models.TextField(_("consent to publish"), blank=True)
    suspicious = models.CharField(
        max_length=300, blank=True, help_text="Why a moderator should look twice, in our words."
    )
    proof = models.CharField(
        _("where it was said"),
        max_length=500,
        blank=True,
        help_text=_("For staff: the document, the address of a page, or who told whom."),
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("written on"), db_default=Now())
    confirmed_at = models.DateTimeField(_("confirmed on"), null=True, blank=True)
    expires_at = models.DateTimeField(_("to be confirmed by"))
    reminded_at = models.DateTimeField(null=True, blank=True)
    corrections = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the address was corrected before the confirmation."
    )
    published_at = models.DateTimeField(_("published on"), null=True, blank=True)
    ended_at = models.DateTimeField(_("over since"), null=True, blank=True)
    decided_at = models.DateTimeField(_("looked at on"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(_("why"), max_length=300, blank=True, help_text=_("Told to whoever wrote it."))
    reported_at = models.DateTimeField(_("reported on"), null=True, blank=True)
    report_words = models.TextField(_("what was reported"), max_length=2_000, blank=True)
    reports = models.PositiveIntegerField(default=0, help_text="Since somebody last decided.")
    forgotten_at = models.DateTimeField(_("forgotten on"), null=True, blank=True)

    class Meta:
        verbose_name = _("expression of support")
        verbose_name_plural = _("expressions of support")
        permissions: ClassVar = [("moderate_expression", _("Can publish and refuse expressions of support"))]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["pending", "confirmed", "published", "refused", "withdrawn", "expired"]
                ),
                name="expression_status_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    category__in=[
                        *("civil_society", "state", "body", "academia", "media", "personality", "public"),
                    ]
                ),
                name="expression_category_known",
            ),
            models.UniqueConstraint(
                fields=["campaign", "address_hash"],
                name="one_expression_of_an_address",
                condition=Q(status__in=["confirmed", "published"]),
            ),
            # Nothing is public before its mailbox is proven (or staff said where it was said) and a person decided.
            models.CheckConstraint(
                condition=~Q(status__in=["confirmed", "published", "refused"])
                | Q(confirmed_at__isnull=False),
                name="expression_proven_first",
            ),
            models.CheckConstraint(
                condition=Q(address_hash__isnull=False) | ~Q(proof=""), name="expression_has_a_source"
            ),
            models.CheckConstraint(
                condition=~Q(status="published") | Q(published_at__isnull=False, decided_at__isnull=False),
                name="expression_published_by_a_person",
            ),
            models.CheckConstraint(
                condition=Q(is_featured=False) | Q(status="published"),
                name="expression_featured_is_published",
            ),
            models.CheckConstraint(
                condition=Q(picture="") | ~Q(picture_alt=""), name="expression_picture_in_words"
            ),
            # What is over has its date, from which it is forgotten; what is alive has none.
            models.CheckConstraint(
                condition=Q(status__in=["pending", "confirmed", "published"], ended_at__isnull=True)
                | Q(status__in=["refused", "withdrawn", "expired"], ended_at__isnull=False),
                name="expression_ended_when_over",
            ),
            models.CheckConstraint(
                condition=Q(forgotten_at__isnull=True)
                | Q(
                    status__in=["refused", "withdrawn", "expired"],
                    name="",
                    role="",
                    organisation_name="",
                    statement="",
                    video_url="",
                    picture="",
                    picture_alt="",
                    address="",
                    address_key="",
                ),
                name="expression_forgotten_is_empty",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["campaign", "-is_featured", "-published_at", "-id"],
                name="expression_on_the_wall",
                condition=Q(status="published"),
            ),
            models.Index(
                fields=["confirmed_at"], name="expression_to_look_at", condition=Q(status="confirmed")
            ),
            models.Index(
                fields=["reported_at"], name="expression_reported", condition=Q(reported_at__isnull=False)
            ),
            models.Index(fields=["expires_at"], name="expression_pending", condition=Q(status="pending")),
            models.Index(
                fields=["ended_at"],
                name="expression_to_forget",
                condition=Q(ended_at__isnull=False, forgotten_at__isnull=True),
            ),
            models.Index(fields=["address_hash"], name="expression_address"),
            models.Index(
                fields=["network", "created_at"], name="expression_network", condition=~Q(network="")
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_of_staff(self) -> bool:
        """Whether staff typed it, so that nobody outside has a link to it."""
        return self.address_hash is None

    @property
    def speaker(self) -> str:
        """Whose name stands over it: the person, else the organisation."""
        return self.name or self.organisation_name
