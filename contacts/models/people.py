"""A person in the address book, what we know of them, and how we came to know it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.functions import Concat, Now
from django.utils.translation import gettext_lazy as _


class Attribute(models.Model):
    """A field an organisation adds to its contacts. The values stand in `Contact.attributes` under `key`."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        YES_NO = "yes_no", _("yes or no")
        TAGS = "tags", _("several words")

    key = models.CharField(
        _("key"),
        max_length=50,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z", _("Small letters, digits and _ only."))],
    )
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TEXT)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["text", "number", "date", "yes_no", "tags"]),
                name="attribute_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


# Signs that stand between words: without this, PostgreSQL takes "J.R.R." for a host and "-42" for a number.
WORD_SIGNS = "@._-+/'"

# The words a person is found by, in any script: of the name, and of the address between its signs.
SEARCH_WORDS = SearchVector(
    Func(
        Concat(F("name"), Value(" "), F("address")),
        Value(WORD_SIGNS),
        Value(" " * len(WORD_SIGNS)),
        function="translate",
    ),
    config="simple",
)


class Contact(models.Model):
    """A person in the address book."""

    address = models.CharField(_("address"), max_length=254)
    address_key = models.CharField(max_length=320)  # unique, see below
    address_hash = models.BinaryField(
        max_length=32,
        help_text=_("Keyed hash of the address: by it suppressions, consents and mails are found."),
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    source = models.CharField(_("came from"), max_length=100, blank=True)
    from_import = models.ForeignKey(
        "contacts.Import",
        verbose_name=_("import"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="created_contacts",
        db_constraint=False,  # docs/decisions/0007
        help_text=_("The import that brought this person; undoing it removes who was not touched since."),
    )
    paused_until = models.DateField(_("wants no newsletter until"), null=True, blank=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())
    updated_at = models.DateTimeField(_("changed"), db_default=Now())

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        permissions = [
            ("export_contact", _("Can take contacts away as a file")),
            ("erase_contact", _("Can erase a person")),
        ]
        constraints: ClassVar = [
            # Not `unique=True`, which brings a second index for LIKE that nobody asks: a tenth of an import.
            models.UniqueConstraint(fields=["address_key"], name="one_contact_per_address"),
        ]
        indexes: ClassVar = [
            GinIndex(SEARCH_WORDS, name="contact_words"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class ContactChange(models.Model):
    """What somebody changed by hand, and what it was before: where each value came from. Never changed afterwards.

    Changes by an import stand in `ImportChange`. `changes` is {field: [before, after]}.
    """

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    source = models.CharField(max_length=100, help_text=_("desk, preferences, merge …"))
    changes = models.JSONField(default=dict)
    note = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("change of a contact")
        verbose_name_plural = _("changes of contacts")
        indexes: ClassVar = [
            # Who took in a contact that is gone (`people.heir_of`): a public page asks, so it must not search.
            GinIndex(
                fields=["changes"],
                opclasses=["jsonb_path_ops"],
                condition=models.Q(changes__has_key="merged"),
                name="contact_change_merged",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
