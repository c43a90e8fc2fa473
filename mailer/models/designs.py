"""How mailings look: the theme of an organisation, its pictures, and what its editors keep to use again."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

_COLOUR = RegexValidator(r"^#[0-9a-f]{6}\Z", _("A colour such as #1f5c99."))


class Picture(models.Model):
    """A picture of the media library, re-encoded without its metadata. Its file is named by its content."""

    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    file = models.FileField(_("file"), upload_to="pictures/", max_length=200)
    name = models.CharField(_("name"), max_length=200)
    alt = models.CharField(
        _("what it shows"), max_length=300, help_text=_("Read aloud, and shown where pictures are off.")
    )
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file as it is served.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "content_hash"], name="one_picture_per_content", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """The name it is served under."""
        return f"{self.content_hash}.{str(self.file.name).rpartition('.')[2]}"


class Theme(models.Model):
    """The look of an organisation's mailings; the one without an organisation is the house's."""

    organisation = models.OneToOneField(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="theme",
    )
    logo = models.ForeignKey(Picture, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    logo_link = models.URLField(_("where the logo leads"), max_length=2_000, blank=True)
    accent = models.CharField(_("accent colour"), max_length=7, default="#1f5c99", validators=[_COLOUR])
    ink = models.CharField(_("text colour"), max_length=7, default="#1d2125", validators=[_COLOUR])
    paper = models.CharField(_("paper colour"), max_length=7, default="#ffffff", validators=[_COLOUR])
    ground = models.CharField(
        _("colour around the paper"), max_length=7, default="#f4f2ee", validators=[_COLOUR]
    )
    headings = models.CharField(
        _("headings"),
        max_length=10,
        choices=[("serif", _("with serifs")), ("sans", _("without"))],
        default="serif",
    )
    footer = models.JSONField(
        _("footer per language"),
        default=dict,
        blank=True,
        help_text='For example {"en": "Write to us at …"}',
    )
    profiles = models.JSONField(
        _("profiles in social networks"), default=dict, blank=True, help_text="Network to address."
    )

    class Meta:
        verbose_name = _("look of mailings")
        verbose_name_plural = _("looks of mailings")

    def __str__(self) -> str:
        return str(self.organisation or _("house"))


class SavedBlock(models.Model):
    """A block kept to be used again."""

    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    name = models.CharField(_("name"), max_length=100)
    block = models.JSONField(_("block"))
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("saved by"),
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("saved block")
        verbose_name_plural = _("saved blocks")

    def __str__(self) -> str:
        return self.name


class MailingTemplate(models.Model):
    """A mailing to begin with: subject, preview line and blocks. The ready-made layouts are code (`writing/layouts`)."""

    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(_("language"), max_length=12)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    blocks = models.JSONField(_("blocks"), default=list, blank=True)
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("saved by"),
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("template of mailings")
        verbose_name_plural = _("templates of mailings")

    def __str__(self) -> str:
        return self.name
