"""The action pack: files and links of a campaign, their versions, and the whole as one archive per language."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from advocacy.models.campaigns import Campaign
from advocacy.models.pages import web_address


class Resource(models.Model):
    """Something to use: a logo, a poster, a text, a page elsewhere. Its files may be of several formats."""

    class Kind(models.TextChoices):
        LOGO = "logo", _("logo")
        POSTER = "poster", _("poster or flyer")
        PICTURE = "picture", _("picture")
        VIDEO = "video", _("video")
        TEXT = "text", _("text to use")
        BACKGROUND = "background", _("background paper")
        OTHER = "other", _("something else")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="resources", verbose_name=_("campaign")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.OTHER)
    language = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("Empty: for every language, as a logo is.")
    )
    title = models.CharField(_("title"), max_length=200)
    description = models.CharField(_("in one sentence"), max_length=500, blank=True)
    url = models.URLField(
        _("page"),
        max_length=500,
        blank=True,
        validators=[web_address],
        help_text=_("For what is not a file."),
    )
    is_published = models.BooleanField(_("published"), default=True)
    in_pack = models.BooleanField(_("in the action pack"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    created_at = models.DateTimeField(_("since"), db_default=Now())
    # What its picture looks like, small: drawn anew by us, so that it may be shown and not only saved.
    thumbnail = models.FileField(
        upload_to="thumbnails/", max_length=200, blank=True, default="", db_default="", editable=False
    )
    thumbnail_width = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    thumbnail_height = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    thumbnail_of = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False,
        help_text="Content of the file it was drawn of, also where none could be drawn.",
    )  # fmt: skip

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("resource")
        verbose_name_plural = _("resources")

    def __str__(self) -> str:
        return self.title

    @property
    def thumbnail_shown(self) -> tuple[int, int]:
        """Width and height, in CSS pixels, of its picture on a page: half of what was drawn, for fine screens.

        A small picture is shown as it is. (0, 0) where there is none.
        """
        width, height = self.thumbnail_width or 0, self.thumbnail_height or 0
        return (width, height) if width <= 160 and height <= 120 else (round(width / 2), round(height / 2))


class ResourceFile(models.Model):
    """One version of a resource in one format. Replaced ones stay for staff; the public gets the one in force.

    A format may be there in several sizes: the one that was brought, and smaller ones made of it (`variant`).
    """

    class Variant(models.TextChoices):
        FULL = "", _("full size")
        MEDIUM = "medium", _("medium size")
        SMALL = "small", _("small")

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(_("format"), max_length=12, help_text="The file's ending: svg, png, pdf.")
    variant = models.CharField(
        _("size"), max_length=8, choices=Variant, blank=True, default="", db_default=""
    )
    is_made = models.BooleanField(
        default=False, db_default=False, help_text="Made by us of another file of the resource."
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    file = models.FileField(_("file"), upload_to="resources/", max_length=200)
    name = models.CharField(_("file name"), max_length=120, help_text="As it is called when it is saved.")
    content_hash = models.CharField(max_length=64, help_text="SHA-256.")
    bytes = models.PositiveBigIntegerField(_("size"))
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    downloads = models.PositiveIntegerField(_("downloads"), default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("since"), db_default=Now())
    replaced_at = models.DateTimeField(_("replaced on"), null=True, blank=True)

    class Meta:
        ordering = ["format", "-version"]
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["resource", "format", "variant", "version"], name="one_file_per_version"
            ),
            models.UniqueConstraint(
                fields=["resource", "format", "variant"],
                name="one_file_in_force",
                condition=Q(replaced_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(variant__in=["", "medium", "small"]), name="resource_variant_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["content_hash"], name="resourcefile_content")]

    def __str__(self) -> str:
        return self.name

    @property
    def form(self) -> str:
        """Format and size as they stand in an address: "png", "png-small"."""
        return f"{self.format}-{self.variant}" if self.variant else self.format


class ResourcePack(models.Model):
    """All files of a campaign's pack for one language as one archive, made by a worker. The row is the queue.

    `fingerprint` is made of what lies in the archive: where it differs from what is published now, the pack is stale
    and is made anew; until then the old one is served, unless something in it (`holds`) is published no longer.
    """

    class State(models.TextChoices):
        WANTED = "wanted", _("waiting for a worker")
        BUILDING = "building", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="packs", verbose_name=_("campaign")
    )
    language = models.CharField(_("language"), max_length=12)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WANTED)
    fingerprint = models.CharField(max_length=64, blank=True)
    tried = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Fingerprint of what was last begun."
    )
    file = models.FileField(_("file"), upload_to="packs/", max_length=200, blank=True)
    bytes = models.PositiveBigIntegerField(_("size"), default=0)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)
    holds = ArrayField(
        models.BigIntegerField(), default=list, db_default=Value([], ArrayField(models.BigIntegerField()))
    )
    holds_forms = ArrayField(
        models.CharField(max_length=48),
        default=list,
        db_default=Value([], ArrayField(models.CharField(max_length=48))),
    )
    wanted_at = models.DateTimeField(db_default=Now())
    begun_at = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    built_at = models.DateTimeField(_("made on"), null=True, blank=True)
    downloads = models.PositiveIntegerField(_("downloads"), default=0)

    class Meta:
        verbose_name = _("action pack")
        verbose_name_plural = _("action packs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "language"], name="one_pack_per_language"),
            models.CheckConstraint(
                condition=Q(state__in=["wanted", "building", "ready", "failed"]), name="pack_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.language
