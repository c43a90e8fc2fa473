"""What we say and whether it arrived. `Delivery` is the ledger: one row for one copy of a message to one address."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from contacts.lifecycle import Lifecycle
from mailer.models.senders import Sender


class Message(models.Model):
    """The text of a mail, stored once. Nothing changes it once a delivery points to it; erasing empties it."""

    sender = models.ForeignKey(
        Sender, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("sender")
    )
    from_name = models.CharField(_("name of the sender"), max_length=200)
    from_address = models.CharField(_("address of the sender"), max_length=254)
    reply_to = models.CharField(_("answers go to"), max_length=254, blank=True)
    reply_to_name = models.CharField(_("name beside it"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=500)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    text = models.TextField(
        _("text"),
    )
    html = models.TextField(blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    content_hash = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(_("written on"), db_default=Now())
    erased_at = models.DateTimeField(_("erased on"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Delivery(Lifecycle):
    """One copy of a message to one address.

    The status is what we did; the dates are what the world reports, each set once, so that order and repeats
    of reports do not matter. A queued row is the queue: a broker message only wakes a worker.
    """

    class Kind(models.TextChoices):
        LETTER = "letter", _("letter")
        MAILING = "mailing", _("mailing")
        CONFIRMATION = "confirmation", _("confirmation")
        OPT_IN = "opt_in", _("sign-up to confirm")
        NOTICE = "notice", _("link to the preferences")
        SYSTEM = "system", _("system mail")
        STAFF = "staff", _("mail to staff")
        TEST = "test", _("test of a mailing")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")  # waiting for a worker; this row is the queue
        SENDING = "sending", _("being sent")  # claimed by one worker
        SENT = "sent", _("sent")  # accepted by the provider
        FAILED = "failed", _("failed")  # refused for good, or out of attempts
        SUPPRESSED = "suppressed", _("not sent: we may not write to this address")
        CANCELLED = "cancelled", _("called off")
        UNKNOWN = "unknown", _("unknown")  # asked, no definite answer; never retried by a machine

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.QUEUED: {Status.SENDING, Status.CANCELLED, Status.SUPPRESSED},
        Status.SENDING: {Status.SENT, Status.QUEUED, Status.FAILED, Status.SUPPRESSED, Status.UNKNOWN},
        Status.UNKNOWN: {Status.SENT, Status.QUEUED},
    }

    class BounceClass(models.TextChoices):
        HARD = "hard", _("the mailbox does not exist")
        SOFT = "soft", _("for now the mailbox takes no mail")
        BLOCK = "block", _("the receiving server refuses our mail")
        AUTHENTICATION = "authentication", _("our own set-up was refused")
        MESSAGE = "message", _("the message was refused")
        HOST = "host", _("the receiving server cannot be reached")

    # No trigger for each of a million rows that name the same message: docs/decisions/0007.
    message = models.ForeignKey(
        Message,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_constraint=False,
        db_index=False,  # delivery_of_message
        verbose_name=_("message"),
    )
    # Of newsletters only.
    mailing = models.ForeignKey(
        "mailer.Mailing",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_constraint=False,
        db_index=False,  # one_delivery_per_contact begins with it
        verbose_name=_("mailing"),
    )
    contact = models.ForeignKey(
        "contacts.Contact",
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        help_text="Whom the freeze found; they may be gone since.",
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    address = models.CharField(_("address"), max_length=254, blank=True, help_text=_("Empty once erased."))
    address_hash = models.BinaryField(max_length=32)
    context = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Ids from which the kind makes its merge fields; no text, no token."),
    )
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.QUEUED)
    reason = models.CharField(
        max_length=300, blank=True, help_text=_("Why it stands where it stands, in words.")
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lapses = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often a worker died with this row before asking the provider.")
    )
    due_at = models.DateTimeField(_("due"), db_default=Now())
    claim = models.UUIDField(
        null=True, editable=False, help_text=_("Names the claim that may settle the row.")
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(
        _("provider asked on"), null=True, blank=True, help_text=_("Set just before the provider is asked.")
    )
    provider = models.CharField(_("provider"), max_length=30, blank=True)
    provider_message_id = models.CharField(_("provider's number"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("queued on"), db_default=Now())
    sent_at = models.DateTimeField(_("sent on"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered on"), null=True, blank=True)
    deferred_at = models.DateTimeField(_("deferred on"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("bounced on"), null=True, blank=True)
    bounce_class = models.CharField(_("kind of bounce"), max_length=16, choices=BounceClass, blank=True)
    bounce_code = models.CharField(max_length=20, blank=True, help_text=_("RFC 3463, for example 5.1.1."))
    complained_at = models.DateTimeField(_("complained of on"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened on"), null=True, blank=True)
    clicked_at = models.DateTimeField(_("clicked on"), null=True, blank=True)

    # What the two rarest and busiest questions are asked by. PostgreSQL rewrites every index of a row when a column
    # changes that any index mentions, in its condition too: these two stay as they are while a mailing is sent, so the
    # million updates of its rows touch no index at all (docs/decisions/0017).
    wakes_at = models.GeneratedField(
        expression=Case(
            When(kind="mailing", then=None),
            When(status="queued", then=F("due_at")),
            When(status="sending", then=F("lease_until")),
        ),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
        editable=False,
    )
    trouble = models.GeneratedField(
        expression=Case(When(status__in=["unknown", "failed"], then=F("status"))),
        output_field=models.CharField(max_length=12, null=True),
        db_persist=True,
        editable=False,
    )

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        permissions = [("settle_delivery", _("Can settle a delivery whose fate is unknown"))]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["queued", "sending", "sent", "failed", "suppressed", "cancelled", "unknown"]
                ),
                name="delivery_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="sending") | Q(lease_until__isnull=False, claim__isnull=False),
                name="delivery_sending_has_lease",
            ),
            models.UniqueConstraint(
                fields=["mailing", "contact"],
                name="one_delivery_per_contact",
                condition=Q(mailing__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            # Single mails and letters only: a mailing is claimed by chunk, see DESIGN "The row is the queue".
            models.Index(fields=["wakes_at"], name="delivery_wakes", condition=Q(wakes_at__isnull=False)),
            models.Index(fields=["message"], name="delivery_of_message", condition=~Q(kind="mailing")),
            models.Index(
                fields=["provider_message_id"],
                name="delivery_provider_id",
                condition=~Q(provider_message_id=""),
            ),
            models.Index(fields=["address_hash"], name="delivery_address"),
            # What the staff desk counts and lists: rare rows by partial indexes, days by a few pages of BRIN.
            models.Index(
                fields=["trouble", "id"], name="delivery_to_look_at", condition=Q(trouble__isnull=False)
            ),
            models.Index(
                fields=["trouble", "created_at"],
                name="delivery_trouble_day",
                condition=Q(trouble__isnull=False),
            ),
            models.Index(
                fields=["bounced_at"], name="delivery_bounced", condition=Q(bounced_at__isnull=False)
            ),
            models.Index(
                fields=["bounce_class", "id"],
                name="delivery_bounce_class",
                condition=Q(bounced_at__isnull=False),
            ),
            models.Index(
                fields=["complained_at"], name="delivery_complained", condition=Q(complained_at__isnull=False)
            ),
            # Letters and the service's own mails among ten million newsletters.
            models.Index(fields=["kind", "id"], name="delivery_single_kind", condition=~Q(kind="mailing")),
            models.Index(fields=["created_at"], name="delivery_single_day", condition=~Q(kind="mailing")),
            # Whom a segment finds by what they clicked: few, and their rows are written once more when they do.
            models.Index(
                fields=["address_hash"],
                name="delivery_clicked_by",
                condition=Q(kind="mailing", clicked_at__isnull=False),
            ),
            BrinIndex(fields=["sent_at"], name="delivery_sent_day"),
            # What reports of mailings count and list: few rows of many, and no column that sending them changes.
            models.Index(
                fields=["mailing", "id"],
                include=["message"],
                name="delivery_reported",
                condition=Q(mailing__isnull=False)
                & (Q(bounced_at__isnull=False) | Q(complained_at__isnull=False)),
            ),
            models.Index(
                fields=["mailing", "id"],
                include=["message"],
                name="delivery_clicked",
                condition=Q(mailing__isnull=False, clicked_at__isnull=False),
            ),
            # Few: mails that a stranger can set off, until their address is forgotten.
            models.Index(
                fields=["created_at"],
                name="delivery_to_forget",
                condition=Q(kind__in=["opt_in", "notice"]) & ~Q(address=""),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class DeliveryEvent(models.Model):
    """One fact about a delivery, ours or the provider's. Rows are only added; `delivery` and `applied_at` are
    filled when the fact has been brought home. A fact that names no delivery we know yet is parked (F9)."""

    class Type(models.TextChoices):
        QUEUED = "queued", _("queued")
        CLAIMED = "claimed", _("taken by a worker")
        ASKED = "asked", _("handed to the provider")
        ACCEPTED = "accepted", _("accepted by the provider")
        RETRY = "retry", _("not accepted, will be tried again")
        FAILED = "failed", _("refused for good")
        SUPPRESSED = "suppressed", _("not sent: we may not write to this address")
        CANCELLED = "cancelled", _("called off")
        UNKNOWN = "unknown", _("asked, no definite answer")
        PUT_BACK = "put_back", _("put back into the queue")
        SETTLED = "settled", _("settled")
        DELIVERED = "delivered", _("delivered")
        DEFERRED = "deferred", _("delayed by the receiving server")
        BOUNCED = "bounced", _("bounced")
        REJECTED = "rejected", _("dropped by the provider")
        COMPLAINED = "complained", _("reported as spam")
        OPENED = "opened", _("opened")
        CLICKED = "clicked", _("clicked")
        UNSUBSCRIBED = "unsubscribed", _("unsubscribed")
        AUTORESPONDED = "autoresponded", _("answered by a machine")
        OTHER = "other", _("other")

    # Reports that can only follow an acceptance by the provider.
    PROOF: ClassVar[list[str]] = [
        Type.ACCEPTED,
        Type.DELIVERED,
        Type.DEFERRED,
        Type.BOUNCED,
        Type.REJECTED,
        Type.COMPLAINED,
        Type.OPENED,
        Type.CLICKED,
    ]

    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    event_key = models.CharField(
        max_length=64, unique=True, help_text=_("A repeat of the same fact has the same key.")
    )
    type = models.CharField(_("what happened"), max_length=16, choices=Type)
    occurred_at = models.DateTimeField(
        _("when"),
    )
    received_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Looked for its delivery in vain; the sweeper looks again.")
    )
    provider = models.CharField(max_length=30, blank=True)
    provider_message_id = models.CharField(max_length=300, blank=True)
    delivery_ref = models.BigIntegerField(
        null=True, blank=True, help_text=_("The delivery id the provider gave back.")
    )
    bounce_class = models.CharField(max_length=16, blank=True)
    bounce_code = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=500, blank=True, help_text=_("In words, without an address."))
    raw = models.JSONField(
        null=True, blank=True, help_text=_("As the provider sent it; emptied after 30 days.")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("by whom")
    )

    class Meta:
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                name="event_to_apply",
                condition=Q(applied_at__isnull=True, parked_at__isnull=True),
            ),
            models.Index(
                fields=["id"],
                name="event_parked",
                condition=Q(applied_at__isnull=True, parked_at__isnull=False),
            ),
            models.Index(fields=["received_at"], name="event_raw_age", condition=Q(raw__isnull=False)),
        ]
