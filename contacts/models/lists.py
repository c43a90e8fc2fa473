"""Lists, who is on them, and what people agreed to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact


class MailingList(models.Model):
    """What people subscribe to."""

    class OptIn(models.TextChoices):
        SINGLE = "single", _("at once")
        DOUBLE = "double", _("after a confirmation by mail")

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=200)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    texts = models.JSONField(
        _("public name and description per language"),
        default=dict,
        blank=True,
        help_text=_('For example {"en": {"name": "News", "description": "Once a month"}}'),
    )
    opt_in = models.CharField(_("People are on it"), max_length=10, choices=OptIn, default=OptIn.DOUBLE)
    is_public = models.BooleanField(
        _("open to everybody"),
        default=False,
        help_text=_("It has a sign-up form, and people see it in their preferences."),
    )
    is_seed = models.BooleanField(
        _("for tests"),
        default=False,
        db_default=False,
        help_text=_("A few mailboxes of ours at many providers, to which test mails of mailings are sent."),
    )

    class Meta:
        verbose_name = _("mailing list")
        verbose_name_plural = _("mailing lists")

    def __str__(self) -> str:
        return self.name

    def public_name(self, language: str | None = None) -> str:
        """The name in `language` (default: the reader's), else in English, else the name staff gave it."""
        return self._text("name", language) or self.name

    def public_description(self, language: str | None = None) -> str:
        return self._text("description", language)

    def public_consent(self, language: str | None = None) -> str:
        """What people agree to when they sign up, in the words of staff; "" where staff wrote none in the language:
        the words that every list has are then the better ones.
        """
        wanted = _tried(language)[:2]
        return next((str(text) for code in wanted if (text := self.texts.get(code, {}).get("consent"))), "")

    def text_language(self, language: str | None = None) -> str:
        """The language that the public name is in, "" for the name staff gave the list."""
        return next((code for code in _tried(language) if self.texts.get(code, {}).get("name")), "")

    def _text(self, part: str, language: str | None) -> str:
        return next(
            (str(text) for code in _tried(language) if (text := self.texts.get(code, {}).get(part))), ""
        )


def _tried(language: str | None) -> tuple[str, str, str]:
    wanted = language or get_language() or "en"
    return wanted, wanted.partition("-")[0], "en"


class Subscription(models.Model):
    """A contact's wish to get one list. "Not mailable on this list" is `unsubscribed` with the reason why."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        CONFIRMED = "confirmed", _("confirmed")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")

    class Reason(models.TextChoices):
        LEFT = "left", _("left the list")
        REFUSED = "refused", _("was unsubscribed where they came from")
        UNCONFIRMED = "unconfirmed", _("never confirmed where they came from")
        NO_CONSENT = "no_consent", _("gave no consent")
        DISABLED = "disabled", _("was switched off where they came from")
        SUPPRESSED = "suppressed", _("is suppressed")

    contact = models.ForeignKey(
        Contact,
        on_delete=models.CASCADE,
        related_name="subscriptions",
        db_constraint=False,  # docs/decisions/0007
        db_index=False,  # the unique pair below begins with it
    )
    mailing_list = models.ForeignKey(
        MailingList,
        on_delete=models.PROTECT,
        related_name="subscriptions",
        db_constraint=False,  # docs/decisions/0007
        db_index=False,  # subscription_standing begins with it
    )
    status = models.CharField(max_length=12, choices=Status)
    reason = models.CharField(max_length=12, choices=Reason, blank=True, help_text=_("Why unsubscribed."))
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "mailing_list"], name="one_subscription_per_list"),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "confirmed", "unsubscribed"]),
                name="subscription_status_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mailing_list", "status", "contact"], name="subscription_standing"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Consent(models.Model):
    """One thing a person agreed to or took back, as it was shown to them (GDPR 7(1)). Never changed afterwards.

    A consent that came with an import has its text and page on the import: a million rows do not repeat them.
    """

    class Purpose(models.TextChoices):
        LETTER = "letter", _("send this letter in my name (GDPR 9(2)(a))")
        NEWSLETTER = "newsletter", _("send me a newsletter")
        EXPRESSION = "expression", _("publish my expression of support (GDPR 9(2)(a))")

    address_hash = models.BinaryField(max_length=32)
    contact = models.ForeignKey(
        Contact,
        verbose_name=_("contact"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="consents",
        db_constraint=False,  # docs/decisions/0007
    )
    mailing_list = models.ForeignKey(
        MailingList,
        verbose_name=_("list"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
    )
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    granted = models.BooleanField(_("agreed"), help_text=_("False: taken back."))
    text = models.TextField(_("text shown"), blank=True)
    page = models.CharField(_("page"), max_length=300, blank=True)
    source = models.CharField(_("source"), max_length=100)
    from_import = models.ForeignKey(
        "contacts.Import",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="consents",
        db_constraint=False,
        db_index=False,
    )
    proof = models.JSONField(
        _("proof"),
        default=dict,
        blank=True,
        help_text=_("What shows it: confirmed at, by which mail."),
    )
    given_at = models.DateTimeField(
        _("given at"),
        null=True,
        blank=True,
        db_default=Now(),
        help_text=_("Empty: the day is not known, because the file that brought it does not say."),
    )

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes: ClassVar = [
            # Asked for equality only. A tree of random hashes costs an import of a million people twice as much.
            HashIndex(fields=["address_hash"], name="consent_of_address"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="only_a_file_knows_no_day",
                condition=models.Q(given_at__isnull=False) | models.Q(from_import__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def text_shown(self) -> str:
        return self.text or (self.from_import.consent_text if self.from_import else "")


class ListRight(models.Model):
    """A member of staff works with this list. Whoever has one such row or more is bound to these lists everywhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("member of staff"),
        on_delete=models.CASCADE,
        related_name="list_rights",
    )
    # Kept with the right: a list that went would take its right along and set its people free.
    mailing_list = models.ForeignKey(
        MailingList, verbose_name=_("list"), on_delete=models.PROTECT, related_name="rights"
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("list right")
        verbose_name_plural = _("list rights")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "mailing_list"], name="one_right_per_list")
        ]

    def __str__(self) -> str:
        return f"{self.user.get_full_name() or self.user}, {self.mailing_list}"
