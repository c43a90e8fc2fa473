"""A newsletter mailing: what it says, to whom it goes, how far it is. Its ledger is `Delivery`, its queue `MailingChunk`."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.lifecycle import Lifecycle
from contacts.models import MailingList, Segment
from mailer.models.ledger import Message
from mailer.models.senders import Sender


class Mailing(Lifecycle):
    """One issue of a newsletter.

    It is sent in the name of `mailing_list`: that list stands in List-Id, in the footer and on the archive page. It goes
    to the people of the included lists and segments who have a confirmed subscription to that list or to an included
    one, and to nobody whom an exclusion names. "Unsubscribe" leaves every one of these lists.

    `sending` without `frozen_at` means that the audience is being frozen.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SCHEDULED = "scheduled", _("scheduled")  # with the undo-send delay, "send now" is a minute from now
        SENDING = "sending", _("being sent")
        PAUSED = "paused", _("paused")
        CANCELLED = "cancelled", _("called off")
        SENT = "sent", _("sent")

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {Status.SCHEDULED},
        Status.SCHEDULED: {Status.DRAFT, Status.SENDING, Status.CANCELLED},
        Status.SENDING: {Status.PAUSED, Status.CANCELLED, Status.SENT},
        Status.PAUSED: {Status.SENDING, Status.CANCELLED},
        Status.SENT: {Status.SENDING},  # a person sends an unknown delivery again
    }

    class Relation(models.TextChoices):
        COPY = "copy", _("written after it")  # an ordinary mailing whose text began as the other's
        CORRECTION = "correction", _("corrects it")  # to exactly those who were sent the other
        FOLLOW_UP = "follow_up", _("to those it could not reach")

    name = models.CharField(
        _("name"), max_length=200, help_text=_("For yourselves; readers see the subject.")
    )
    organisation = models.ForeignKey(
        "accounts.Organisation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        verbose_name=_("organisation"),
    )
    sender = models.ForeignKey(Sender, null=True, on_delete=models.PROTECT, verbose_name=_("sender"))
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.DRAFT)
    language = models.CharField(
        _("language"),
        max_length=12,
        default="en",
        help_text=_("The last of the fallback chain; it must be complete."),
    )
    fallbacks = models.JSONField(
        _("fallbacks"),
        default=dict,
        blank=True,
        help_text='Language to the languages tried after it, for example {"wo": ["fr"]}.',
    )

    # --- to whom ---
    mailing_list = models.ForeignKey(
        MailingList,
        null=True,
        on_delete=models.PROTECT,
        related_name="mailings",
        verbose_name=_("in the name of"),
    )
    include_lists = models.ManyToManyField(
        MailingList, blank=True, related_name="+", verbose_name=_("to lists")
    )
    include_segments = models.ManyToManyField(
        Segment, blank=True, related_name="+", verbose_name=_("to segments")
    )
    exclude_lists = models.ManyToManyField(
        MailingList, blank=True, related_name="+", verbose_name=_("not to lists")
    )
    exclude_segments = models.ManyToManyField(
        Segment, blank=True, related_name="+", verbose_name=_("not to segments")
    )
    leave_out = models.JSONField(
        _("leave out who acted"),
        null=True,
        blank=True,
        help_text="A rule tree as a segment's, for example who wrote a letter in a campaign.",
    )
    based_on = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="followed_by",
        verbose_name=_("based on"),
    )
    relation = models.CharField(_("relation"), max_length=12, choices=Relation, blank=True)

    # --- when ---
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    # --- may it ---
    approved_at = models.DateTimeField(_("approved on"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    approved_print = models.CharField(
        max_length=64,
        blank=True,
        help_text="Fingerprint of what was approved; another one needs approval anew.",
    )
    preflight = models.JSONField(null=True, blank=True, help_text="Findings of the last check, in our words.")
    preflight_at = models.DateTimeField(_("checked on"), null=True, blank=True)
    preflight_print = models.CharField(max_length=64, blank=True)

    # --- switches ---
    track_clicks = models.BooleanField(_("count clicks"), default=False)
    track_opens = models.BooleanField(_("count opens"), default=False)
    slug = models.SlugField(_("address in the archive"), max_length=100, null=True, blank=True, unique=True)
    in_archive = models.BooleanField(_("in the public archive"), default=True)
    noindex = models.BooleanField(_("hidden from search engines"), default=False)

    # --- what became of it ---
    conditions = models.JSONField(
        default=list,
        blank=True,
        help_text="The rule trees of its blocks, in the order of the bits of MailingMessage.part; set at the freeze.",
    )
    candidates = models.PositiveIntegerField(
        null=True, blank=True, help_text="Audience and exclusions together."
    )
    audience = models.PositiveIntegerField(
        _("audience"), null=True, blank=True, help_text="Set by the freeze."
    )
    exclusions = models.JSONField(default=dict, blank=True, help_text="Reason to how many, each person once.")
    started_at = models.DateTimeField(_("started on"), null=True, blank=True)
    frozen_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(_("paused because"), max_length=300, blank=True)
    finished_at = models.DateTimeField(_("finished on"), null=True, blank=True)
    claim = models.UUIDField(null=True, editable=False, help_text="Names the worker that freezes it.")
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("begun on"), db_default=Now())
    changed_at = models.DateTimeField(_("changed on"), db_default=Now())

    class Meta:
        verbose_name = _("mailing")
        verbose_name_plural = _("mailings")
        permissions = [
            ("send_mailing", _("Can schedule, send, pause and call off mailings")),
            ("approve_mailing", _("Can approve somebody else's mailing")),
            ("write_mjml", _("Can write MJML into a mailing")),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "scheduled", "sending", "paused", "cancelled", "sent"]),
                name="mailing_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled") | Q(starts_at__isnull=False),
                name="mailing_scheduled_has_start",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["starts_at"],
                name="mailing_in_flight",
                condition=Q(status__in=["scheduled", "sending", "paused"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MailingText(models.Model):
    """What a mailing says in one language, as it is being written. Frozen into messages when the mailing starts."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=12)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    blocks = models.JSONField(_("blocks"), default=list, blank=True)
    plain = models.TextField(
        _("plain text"), blank=True, help_text=_("Written by hand; empty: made from the blocks.")
    )
    version = models.PositiveIntegerField(default=1, help_text="A save names the version it changes.")
    changed_at = models.DateTimeField(_("changed on"), db_default=Now())
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "text of a mailing"
        verbose_name_plural = "texts of mailings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailing", "language"], name="one_mailing_text_per_language")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingRevision(models.Model):
    """What a text said before a save, or what a save against an older version wanted it to say: nothing is lost."""

    text = models.ForeignKey(MailingText, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField(
        help_text="That said it; of what was kept aside, the one it began from."
    )
    aside = models.BooleanField(
        _("kept aside"), default=False, db_default=False, help_text="Written while somebody else saved."
    )
    content = models.JSONField(help_text="subject, preheader, blocks, plain")
    at = models.DateTimeField(_("when"), db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "revision"
        verbose_name_plural = "revisions"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["text", "version"], condition=Q(aside=False), name="one_revision_per_version"
            ),
            models.UniqueConstraint(
                fields=["text", "version", "by"],
                condition=Q(aside=True),
                name="one_revision_aside_per_editor",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingMessage(models.Model):
    """A frozen message of a mailing: in one language, for those who see the same blocks, in one version.

    `part` has bit n set for people to whom `Mailing.conditions[n]` applies. A text corrected after the start is a new
    version; who was written to before keeps the one they got.
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="messages")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="mailing_messages")
    language = models.CharField(_("language"), max_length=12)
    part = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "message of a mailing"
        verbose_name_plural = "messages of mailings"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mailing", "language", "part", "version"], name="one_mailing_message_per_part"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingChunk(Lifecycle):
    """So many deliveries of a mailing that one worker sends at a time: the queue of mailings.

    Its deliveries are those of its mailing whose ids lie between `first_id` and `last_id`. A worker goes through them
    by windows: "window asked" (`asked_to`) is written before the provider is asked, `reached` once the answers are
    stored. What was put back for another try waits for the next pass. Deliveries are counted here as they settle.
    """

    class Status(models.TextChoices):
        READY = "ready", _("waiting")
        WORKING = "working", _("being sent")
        DONE = "done", _("done")

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.READY: {Status.WORKING, Status.DONE},
        Status.WORKING: {Status.READY, Status.DONE},
        Status.DONE: {Status.READY},  # a person sends an unknown delivery again
    }

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    mailing_message = models.ForeignKey(MailingMessage, on_delete=models.PROTECT, related_name="chunks")
    status = models.CharField(max_length=8, choices=Status, default=Status.READY)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    size = models.PositiveIntegerField()
    due_at = models.DateTimeField(db_default=Now())
    claim = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    reached = models.BigIntegerField(
        null=True, blank=True, help_text="Id of the last delivery settled in this pass."
    )
    asked_to = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Id of the last delivery of the window that has been asked; empty: none is.",
    )
    asked_at = models.DateTimeField(null=True, blank=True)
    withheld = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        help_text=_("Ids within that window that may no longer be written to: they were not asked."),
    )
    passes = models.PositiveSmallIntegerField(default=0)
    lapses = models.PositiveSmallIntegerField(default=0, help_text="How often a worker died with this chunk.")
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    suppressed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "part of a mailing"
        verbose_name_plural = "parts of mailings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailing", "number"], name="one_chunk_per_number"),
            models.CheckConstraint(
                condition=Q(status__in=["ready", "working", "done"]), name="chunk_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="working") | Q(lease_until__isnull=False, claim__isnull=False),
                name="chunk_working_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(
                    size__gte=F("sent") + F("failed") + F("suppressed") + F("unknown") + F("cancelled")
                ),
                name="chunk_counts_fit",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="chunk_due", condition=Q(status="ready")),
            models.Index(fields=["lease_until"], name="chunk_lease", condition=Q(status="working")),
            models.Index(fields=["mailing", "first_id"], name="chunk_of_delivery"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingAct(models.Model):
    """Who did what to a mailing, and why. Rows are only added; `by` is empty where the machine did it."""

    class What(models.TextChoices):
        CREATED = "created", _("begun")
        TESTED = "tested", _("test mail sent")
        CHECKED = "checked", _("checked")
        OVERRIDDEN = "overridden", _("a finding was overruled")
        ASKED_APPROVAL = "asked_approval", _("approval asked for")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("approval refused")
        SCHEDULED = "scheduled", _("scheduled")
        WITHDRAWN = "withdrawn", _("taken back to draft")
        STARTED = "started", _("started")
        FROZEN = "frozen", _("audience fixed")
        PAUSED = "paused", _("paused")
        RESUMED = "resumed", _("resumed")
        CANCELLED = "cancelled", _("called off")
        CORRECTED = "corrected", _("text corrected for the rest")
        FINISHED = "finished", _("finished")

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="acts")
    what = models.CharField(_("what"), max_length=16, choices=What)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("by whom")
    )
    at = models.DateTimeField(_("when"), db_default=Now())
    why = models.CharField(_("why"), max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True, help_text="Ids, counts and words of ours.")

    class Meta:
        verbose_name = _("act on a mailing")
        verbose_name_plural = _("acts on mailings")
        indexes: ClassVar = [models.Index(fields=["mailing", "at"], name="mailing_acts")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingFigure(models.Model):
    """How often something happened to a mailing's deliveries in one hour, counted as it is reported.

    `fact` is a word of `DeliveryEvent.Type`, where "clicked" and "opened" are people's, or "machine_click". `detail` is
    the class of a bounce, the way by which somebody unsubscribed, or "". One of each for a delivery. Adding is a repeatable function of what changed on the deliveries, so the sums agree with them (`manage.py audit`).
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="figures")
    fact = models.CharField(max_length=16)
    detail = models.CharField(max_length=30, blank=True)
    hour = models.DateTimeField()
    count = models.IntegerField(default=0)

    class Meta:
        verbose_name = "figure of a mailing"
        verbose_name_plural = "figures of mailings"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailing", "fact", "detail", "hour"], name="one_figure_per_hour")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class MailingPresence(models.Model):
    """Who has a mailing open in the editor just now, so that two are told of each other."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="present")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    tab = models.UUIDField(default=uuid.uuid4)
    language = models.CharField(max_length=12, blank=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "open editor"
        verbose_name_plural = "open editors"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mailing", "user", "tab"], name="one_presence_per_tab")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
