"""Whom we may write to: people, the lists they chose, what they agreed to, and addresses we must leave alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Contact(models.Model):
    """A person in the address book."""

    address = models.CharField(_("address"), max_length=254)
    address_key = models.CharField(max_length=320, unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    organisation = models.ForeignKey("accounts.Organisation", null=True, blank=True, on_delete=models.PROTECT)
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    source = models.CharField(_("came from"), max_length=100, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class MailingList(models.Model):
    """What people subscribe to."""

    class OptIn(models.TextChoices):
        SINGLE = "single", _("at once")
        DOUBLE = "double", _("after a confirmation by mail")

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=200)
    organisation = models.ForeignKey("accounts.Organisation", null=True, blank=True, on_delete=models.PROTECT)
    texts = models.JSONField(
        _("public name and description per language"),
        default=dict,
        blank=True,
        help_text=_('For example {"en": {"name": "News", "description": "Once a month"}}'),
    )
    opt_in = models.CharField(max_length=10, choices=OptIn, default=OptIn.DOUBLE)

    class Meta:
        verbose_name = _("mailing list")
        verbose_name_plural = _("mailing lists")

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A contact's wish to get one list."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        CONFIRMED = "confirmed", _("confirmed")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="subscriptions")
    mailing_list = models.ForeignKey(MailingList, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=12, choices=Status)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "mailing_list"], name="one_subscription_per_list"),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "confirmed", "unsubscribed"]),
                name="subscription_status_known",
            ),
        ]


class Consent(models.Model):
    """One thing a person agreed to or took back, as it was shown to them (GDPR 7(1)). Never changed afterwards."""

    class Purpose(models.TextChoices):
        LETTER = "letter", _("send this letter in my name (GDPR 9(2)(a))")
        NEWSLETTER = "newsletter", _("send me a newsletter")

    address_hash = models.BinaryField(max_length=32, db_index=True)
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="consents"
    )
    mailing_list = models.ForeignKey(MailingList, null=True, blank=True, on_delete=models.PROTECT)
    purpose = models.CharField(max_length=12, choices=Purpose)
    granted = models.BooleanField(help_text=_("False: taken back."))
    text = models.TextField(_("text shown"))
    page = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=100)
    proof = models.JSONField(
        default=dict, blank=True, help_text=_("What shows it: confirmed at, by which mail.")
    )
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Suppression(models.Model):
    """An address we do not write to. It is remembered as a keyed hash, so it outlives the erasure of the person."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("the mailbox does not exist")
        COMPLAINT = "complaint", _("reported our mail as spam")
        NOT_ME = "not_me", _("said: it wasn't me")
        DO_NOT_CONTACT = "do_not_contact", _("asked us never to write")
        ERASED = "erased", _("asked to be erased")
        LEFT = "left", _("left everything")

    class Scope(models.TextChoices):
        ALL = "all", _("every mail")
        MAILINGS = "mailings", _("newsletters")
        CONFIRMATIONS = "confirmations", _("confirmation mails")

    address_hash = models.BinaryField(max_length=32)
    reason = models.CharField(max_length=20, choices=Reason)
    scope = models.CharField(max_length=20, choices=Scope)
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty: for ever."))

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address_hash", "scope", "reason"], name="one_suppression_per_reason"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reason__in=["bounce", "complaint", "not_me", "do_not_contact", "erased", "left"]
                )
                & models.Q(scope__in=["all", "mailings", "confirmations"]),
                name="suppression_words_known",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
