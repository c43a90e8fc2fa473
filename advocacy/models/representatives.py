"""The people letters go to. A representative is a person with a current mandate."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Sourced(models.Model):
    """A row that came from outside: upserted by source and outside id; older data never overwrites newer."""

    source = models.CharField(_("source"), max_length=60, help_text=_("For example openstates, or staff."))
    source_id = models.CharField(_("id at the source"), max_length=200)
    as_of = models.DateField(_("as of"), help_text=_("The day of the data that last wrote this row."))
    kept = models.BooleanField(
        _("changed by staff"),
        default=False,
        help_text=_("Imports leave it as it is, until this is unticked."),
    )

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "source_id"], name="%(class)s_once_per_source")
        ]


class Legislature(Sourced):
    """One chamber of a parliament, assembly or council."""

    class Chamber(models.TextChoices):
        LOWER = "lower", _("lower chamber")
        UPPER = "upper", _("upper chamber")
        SINGLE = "single", _("single chamber")
        EXECUTIVE = "executive", _("government")

    class Level(models.TextChoices):
        NATIONAL = "national", _("national")
        REGIONAL = "regional", _("regional")
        LOCAL = "local", _("local")
        SUPRANATIONAL = "supranational", _("supranational")

    country = models.CharField(
        _("country"),
        max_length=2,
        db_index=True,
        help_text=_("ISO 3166-1, for example KE; EU for the European Parliament."),
    )
    region = models.CharField(
        _("region"), max_length=10, blank=True, help_text=_("ISO 3166-2, for example US-NJ.")
    )
    name = models.CharField(_("name"), max_length=200)
    native_name = models.CharField(_("name in its own language"), max_length=200, blank=True)
    chamber = models.CharField(_("chamber"), max_length=12, choices=Chamber, default=Chamber.SINGLE)
    level = models.CharField(_("level"), max_length=14, choices=Level, default=Level.NATIONAL)
    language = models.CharField(_("language it works in"), max_length=12, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    office_opens = models.TimeField(_("office opens"), default=dt.time(9))
    office_closes = models.TimeField(_("office closes"), default=dt.time(17))
    office_days = models.CharField(
        _("office days"),
        max_length=7,
        default="12345",
        help_text=_("1 is Monday, 7 is Sunday; for example 7 1 2 3 4 in Egypt."),
    )

    class Meta(Sourced.Meta):
        ordering = ["country", "name"]
        verbose_name = _("legislature")
        verbose_name_plural = _("legislatures")

    def __str__(self) -> str:
        return f"{self.name} ({self.country})"

    def name_in(self, language: str) -> str:
        """Its own name for readers of the language it works in, else the one we know it by."""
        own = language.split("-")[0] == self.language.split("-")[0]
        return (own and self.native_name) or self.name


class Area(Sourced):
    """A constituency, district, state or other place that mandates and postcodes belong to."""

    country = models.CharField(_("country"), max_length=2)
    code = models.CharField(
        _("code"),
        max_length=80,
        blank=True,
        help_text=_("A code several sources share, for example US-NJ-3."),
    )
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="children",
        verbose_name=_("within"),
    )

    class Meta(Sourced.Meta):
        ordering = ["country", "name"]
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        indexes: ClassVar = [models.Index(fields=["country", "code"], name="area_code")]

    def __str__(self) -> str:
        return self.name


class Postcode(models.Model):
    """One postcode lies in one or several areas: a look-up must offer a choice."""

    country = models.CharField(_("country"), max_length=2)
    code = models.CharField(
        _("postcode"), max_length=16, help_text=_("Upper case without blanks; leading zeros kept.")
    )
    area_code = models.CharField(
        _("code of the area"), max_length=80, help_text=_("`Area.code`; the area may be imported later.")
    )

    class Meta:
        verbose_name = _("postcode")
        verbose_name_plural = _("postcodes")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["country", "code", "area_code"], name="postcode_once_per_area")
        ]

    def __str__(self) -> str:
        return self.code


class Person(Sourced):
    """A person who holds or held office."""

    name = models.CharField(_("name"), max_length=200, help_text=_("In Latin letters where known."))
    native_name = models.CharField(_("name in their own script"), max_length=200, blank=True)
    sort_name = models.CharField(_("sorted as"), max_length=200, blank=True)
    given_name = models.CharField(_("given name"), max_length=100, blank=True)
    family_name = models.CharField(_("family name"), max_length=100, blank=True)
    honorific = models.CharField(
        _("form of address"), max_length=60, blank=True, help_text=_("For example Hon. or Dr.")
    )
    gender = models.CharField(_("gender"), max_length=20, blank=True)
    language = models.CharField(
        _("language"), max_length=12, blank=True, help_text=_("Empty: the legislature's.")
    )
    image_url = models.URLField(_("picture"), max_length=500, blank=True)
    other_names = models.JSONField(
        _("other names"), default=dict, blank=True, help_text=_("Language to name.")
    )
    refuses_letters = models.BooleanField(_("asked not to be written to"), default=False)

    class Meta(Sourced.Meta):
        ordering = ["sort_name", "name"]
        verbose_name = _("representative")
        verbose_name_plural = _("representatives")
        permissions = [("export_person", _("Can export people"))]
        indexes: ClassVar = [models.Index(fields=["sort_name", "name"], name="person_sort")]

    def __str__(self) -> str:
        return self.name

    @property
    def formal_name(self) -> str:
        """The name in Latin letters with the form of address."""
        return f"{self.honorific} {self.name}".strip()

    def name_in(self, language: str) -> str:
        """The name as readers of `language` write it: in its own script where that is theirs, else the formal one."""
        is_own = bool(self.language) and language.split("-")[0] == self.language.split("-")[0]
        is_theirs = language.split("-")[0] == "ar" and any(
            unicodedata.bidirectional(sign) == "AL" for sign in self.native_name
        )
        return (self.native_name if is_own or is_theirs else "") or self.formal_name


class MandateQuerySet(models.QuerySet["Mandate"]):
    def current(self, day: dt.date | None = None) -> MandateQuerySet:
        """Mandates held on `day` (default: today)."""
        day = day or timezone.localdate()
        return self.filter(Q(start_date=None) | Q(start_date__lte=day)).filter(
            Q(end_date=None) | Q(end_date__gt=day)
        )


class Mandate(Sourced):
    """One person's seat for one stretch of time. Ended ones are closed, never deleted."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mandates")
    legislature = models.ForeignKey(
        Legislature, on_delete=models.PROTECT, related_name="mandates", verbose_name=_("legislature")
    )
    area = models.ForeignKey(
        Area,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="mandates",
        verbose_name=_("area"),
    )
    role = models.CharField(_("role"), max_length=100, blank=True)
    party = models.CharField(_("party"), max_length=200, blank=True)
    start_date = models.DateField(_("from"), null=True, blank=True)
    end_date = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The first day without the mandate.")
    )

    objects = MandateQuerySet.as_manager()

    class Meta(Sourced.Meta):
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        indexes: ClassVar = [models.Index(fields=["legislature", "end_date"], name="mandate_current")]


class ContactRoute(models.Model):
    """One way to reach a person."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        WEB_FORM = "web_form", _("web form")
        PHONE = "phone", _("telephone")

    class State(models.TextChoices):
        USABLE = "usable", _("usable")
        BOUNCED = "bounced", _("bounced")
        REFUSED = "refused", _("does not want letters here")
        RETIRED = "retired", _("no longer given by its source")

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="routes", verbose_name=_("representative")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("address, link or number"), max_length=500)
    value_key = models.CharField(
        max_length=500, editable=False, help_text=_("What makes two routes the same.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.USABLE)
    state_reason = models.CharField(_("why"), max_length=300, blank=True)
    state_changed_at = models.DateTimeField(_("marked on"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("The lowest usable one is taken.")
    )
    source = models.CharField(_("source"), max_length=60)
    as_of = models.DateField(_("as of"))
    verified_at = models.DateField(_("last verified"), null=True, blank=True)

    class Meta:
        ordering = ["priority", "pk"]
        verbose_name = _("contact route")
        verbose_name_plural = _("contact routes")
        permissions = [("export_contactroute", _("Can export contact routes"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "kind", "value_key"], name="route_once_per_person"),
            models.CheckConstraint(
                condition=Q(state__in=["usable", "bounced", "refused", "retired"]), name="route_state_known"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["value_key"], name="route_value")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ColumnMapping(models.Model):
    """Which column of somebody's CSV file is which of our fields; saved under a name, to be used again."""

    name = models.SlugField(_("name"), unique=True)
    columns = models.JSONField(_("our field to their column"), default=dict)
    defaults = models.JSONField(_("our field to a fixed value"), default=dict, blank=True)

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")

    def __str__(self) -> str:
        return self.name


class RepresentativeImport(models.Model):
    """One reading of one file of representatives: who did it, what it changed, what it could not take."""

    file_name = models.CharField(_("file"), max_length=300)
    format = models.CharField(_("format"), max_length=40)
    as_of = models.DateField(_("as of"))
    counts = models.JSONField(_("counts"), default=dict)
    rejected = models.JSONField(
        _("not taken"), default=list, help_text=_("Person, field and reason; the first 1,000.")
    )
    dry_run = models.BooleanField(_("dry run"), default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("by whom")
    )
    created_at = models.DateTimeField(_("imported on"), db_default=Now())

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("import of representatives")
        verbose_name_plural = _("imports of representatives")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(format=""), name="representative_import_has_format"),
        ]

    def __str__(self) -> str:
        return self.file_name
