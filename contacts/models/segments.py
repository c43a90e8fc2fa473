"""Saved choices of people, who took people away as a file, and who asked to."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Segment(models.Model):
    """A saved rule tree; `contacts/segments/` compiles it to one query. Its members are whoever matches now."""

    name = models.CharField(_("name"), max_length=200)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    rule = models.JSONField(_("rule"), default=dict, help_text=_("See contacts/segments/rules.py."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name


class ContactExport(models.Model):
    """Who took which contacts away, when, and how many: kept for ever, never changed. It holds no address."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"
        JSON = "json", "JSON"

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    at = models.DateTimeField(_("when"), db_default=Now())
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    mailing_list = models.ForeignKey(
        "contacts.MailingList", verbose_name=_("list"), null=True, blank=True, on_delete=models.PROTECT
    )
    segment = models.ForeignKey(
        "contacts.Segment", verbose_name=_("segment"), null=True, blank=True, on_delete=models.SET_NULL
    )
    searched = models.BooleanField(
        _("narrowed"), default=False, help_text=_("Narrowed by words typed into the search.")
    )
    what = models.CharField(
        _("what"), max_length=50, blank=True, help_text=_("Empty: contacts; else for example “mailing 12”.")
    )
    format = models.CharField(_("format"), max_length=4, choices=Format)
    rows = models.PositiveIntegerField(
        _("people"), null=True, help_text=_("Empty: broken off before the end.")
    )

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"#{self.pk}"


class ExportRequest(models.Model):
    """A file of many people that waits for a second person's yes; taken once (`contacts.export_requests`).

    what: as on `ContactExport`. query: the filters of the page it was asked on, without words searched for.
    purpose: what the file is for, as who asks typed it; forgotten after `export_requests.PURPOSE_DAYS`.
    """

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    what = models.CharField(max_length=50, blank=True)
    query = models.CharField(max_length=4000, blank=True)  # whole: a request for one file is none for another
    people = models.PositiveIntegerField()
    purpose = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    is_approved = models.BooleanField(null=True)
    why = models.CharField(max_length=300, blank=True)
    export = models.OneToOneField(
        ContactExport, null=True, on_delete=models.PROTECT, related_name="asked_for_by"
    )

    class Meta:
        verbose_name = _("request for an export")
        verbose_name_plural = _("requests for exports")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(decided_by=models.F("by")), name="export_request_answered_by_another"
            ),
            models.CheckConstraint(
                condition=models.Q(export=None) | models.Q(is_approved=True),
                name="export_request_taken_if_approved",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["by"], name="export_request_of", condition=models.Q(export=None))
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
