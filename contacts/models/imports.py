"""A spreadsheet on its way into the address book: the file, its rows, and what each of them did.

The file is kept in chunks beside the rest, so that any worker on any machine can go on with it and nothing
personal lies in a folder. It is read once into `ImportRow` (the check), and merged batch by batch (the run): a
batch is one transaction, so a process may be killed at any moment.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.lifecycle import Lifecycle


class ImportMapping(models.Model):
    """Which column is what, kept under a name for the next file of the same shape."""

    name = models.CharField(_("name"), max_length=100)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    columns = models.JSONField(
        _("columns"), default=dict, help_text=_('Header, in small letters, to field: {"e-mail": "address"}.')
    )
    options = models.JSONField(
        default=dict, blank=True, help_text=_("How the file is read, as on an import.")
    )
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("column mapping")
        verbose_name_plural = _("column mappings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="one_mapping_per_name", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name


class Import(Lifecycle):
    """One file that staff bring, from the upload to the report, and back again if it is undone.

    rows = created + updated + unchanged + duplicates + rejected, once the run is done. `suppressed` counts the people
    among them who may not be mailed on the list afterwards.
    """

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("waiting for you to match the columns")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked, waiting for you to run it")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("done")
        FAILED = "failed", _("could not be read")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        DISCARDED = "discarded", _("thrown away")

    MOVES = {
        Status.UPLOADED: {Status.CHECKING, Status.FAILED, Status.DISCARDED},
        Status.CHECKING: {Status.CHECKED, Status.UPLOADED, Status.FAILED, Status.DISCARDED},
        Status.CHECKED: {Status.UPLOADED, Status.CHECKING, Status.RUNNING, Status.DISCARDED},
        Status.RUNNING: {Status.STOPPED, Status.DONE},
        Status.STOPPED: {Status.RUNNING, Status.UNDOING, Status.DISCARDED},
        Status.DONE: {Status.UNDOING},
        Status.UNDOING: {Status.UNDONE},
        Status.FAILED: {Status.UPLOADED, Status.CHECKING, Status.DISCARDED},
    }

    class Mode(models.TextChoices):
        UPDATE = "update", _("add new people and update those we know")
        ADD = "add", _("add new people only")
        UNSUBSCRIBE = "unsubscribe", _("unsubscribe these people from the list")
        SUPPRESS = "suppress", _("never write to these addresses")

    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.UPLOADED)
    organisation = models.ForeignKey(
        "accounts.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    # The file
    file_name = models.CharField(_("file"), max_length=200)
    file_size = models.BigIntegerField(help_text=_("Bytes."))
    file_hash = models.BinaryField(max_length=32, help_text=_("SHA-256, to tell a file brought twice."))
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text=_(
            "How it is read: encoding, separator, header, sheet, date_order; see contacts/imports/reading."
        ),
    )
    columns = models.JSONField(
        default=list, blank=True, help_text=_("The field of each column in order; empty for none.")
    )

    headers = models.JSONField(
        default=list, blank=True, help_text=_("The names of the columns, for the file of rejected rows.")
    )

    # What is to be done
    mode = models.CharField(_("mode"), max_length=12, choices=Mode, default=Mode.UPDATE)
    mailing_list = models.ForeignKey(
        "contacts.MailingList",
        verbose_name=_("list"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="imports",
    )
    suppress_reason = models.CharField(max_length=20, blank=True, help_text=_("For the mode suppress."))
    consent_text = models.TextField(
        _("what these people agreed to"), blank=True, help_text=_("The words they were shown.")
    )
    consent_page = models.CharField(_("where they agreed"), max_length=300, blank=True)
    consent_date = models.DateField(_("when they agreed"), null=True, blank=True)

    # How far it is
    problem = models.CharField(
        max_length=40, blank=True, help_text=_("Why the whole file was refused: a word of the closed list.")
    )
    problem_detail = models.CharField(max_length=300, blank=True)
    notes = models.JSONField(default=list, blank=True, help_text=_("Warnings about the file as a whole."))
    read_bytes = models.BigIntegerField(default=0)
    staged_rows = models.PositiveIntegerField(default=0)
    merged_rows = models.PositiveIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True, help_text=_("When this step began."))
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    # What it would do (the check) and did (the run)
    COUNTS: ClassVar = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "suppressed")
    forecast = models.JSONField(default=dict, blank=True, help_text=_("The counts as the check found them."))
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        "uploaded",
                        "checking",
                        "checked",
                        "running",
                        "stopped",
                        "done",
                        "failed",
                        "undoing",
                        "undone",
                        "discarded",
                    ]
                ),
                name="import_status_known",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ImportChunk(models.Model):
    """A piece of the file, of `CHUNK` bytes but the last. Removed when the import is done or thrown away."""

    CHUNK: ClassVar[int] = 1 << 20

    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["from_import", "number"], name="import_chunk_once")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ImportRow(models.Model):
    """One row of the file, cleaned. Written by COPY, read by the merge; a rejected row keeps its cells as they were.

    `result` is empty for a row that takes part in the merge; what became of it then stands in its batch.
    """

    class Result(models.TextChoices):
        REJECTED = "rejected", _("rejected")
        DUPLICATE = "duplicate", _("stands in the file before")

    pk = models.CompositePrimaryKey("from_import", "line")
    # Millions of rows by COPY: one check of the key for each would cost more than the row.
    from_import = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="staged", db_constraint=False, db_index=False
    )
    line = models.PositiveIntegerField(
        help_text=_("Where the record begins: a line of the file, a row of the sheet.")
    )
    result = models.CharField(max_length=10, choices=Result, blank=True)
    reason = models.CharField(
        max_length=20, blank=True, help_text=_("Why rejected: a word of the closed list.")
    )
    column = models.PositiveSmallIntegerField(null=True, help_text=_("The cell at fault, counted from 0."))
    repeats = models.PositiveIntegerField(null=True, help_text=_("The line that a duplicate repeats."))
    address = models.CharField(max_length=254, blank=True)
    address_key = models.CharField(max_length=320, blank=True)
    address_hash = models.BinaryField(max_length=32, null=True)
    name = models.CharField(max_length=200, blank=True)
    first_name = models.CharField(max_length=100, blank=True)
    last_name = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=12, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField(default=dict)
    standing = models.CharField(
        max_length=16,
        blank=True,
        help_text=_("Empty: may be mailed. Else why not: a word of contacts/imports/standing.py."),
    )
    consent_at = models.DateTimeField(null=True)
    proof = models.JSONField(null=True, help_text=_("What the row itself says of the consent: IP, times."))
    warnings = ArrayField(models.CharField(max_length=40), null=True)
    cells = ArrayField(models.TextField(), null=True, help_text=_("As they stood, of rejected rows only."))

    class Meta:
        indexes: ClassVar = [
            # A page shows the first rejected rows and how many there are: among millions that were not.
            models.Index(
                fields=["from_import", "line"],
                name="import_row_rejected",
                condition=models.Q(result="rejected"),
            )
        ]


class ImportBatch(models.Model):
    """A run of lines that is merged in one transaction; done or not begun, never half.

    The arrays hold line numbers. A row of the batch in none of `created` and `updated`, and neither rejected nor a
    duplicate, was already as the file says. Of those in `kept` something stayed as it was that the file says otherwise.
    """

    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    first_line = models.PositiveIntegerField()
    last_line = models.PositiveIntegerField()
    rows = models.PositiveIntegerField(default=0, help_text=_("How many of its lines take part."))
    done_at = models.DateTimeField(null=True)
    created = ArrayField(models.IntegerField(), default=list)
    updated = ArrayField(models.IntegerField(), default=list)
    suppressed = ArrayField(models.IntegerField(), default=list)
    kept = ArrayField(models.IntegerField(), default=list, db_default=[])
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["from_import", "number"], name="import_batch_once")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ImportChange(models.Model):
    """What an import changed of somebody we knew: what the undo restores. `before` and `after` by field.

    A subscription stands under "subscription" as its status, null where there was none. Somebody whom another import
    brought or changed has a row here although nothing was changed (`before` and `after` are the same): an undo of the
    other leaves what this one found.
    """

    from_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="changes", db_index=False)
    line = models.PositiveIntegerField()
    contact = models.ForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="import_changes")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["from_import", "line"], name="import_change_once")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
