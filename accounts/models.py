"""Who works with this service: organisations and their staff."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

# Whoever changes one of these ends every session of the person (RELIABILITY §2, CVE-2026-34828).
ENDS_SESSIONS = ("password", "is_active", "is_staff", "is_superuser", "organisation_id")


class Organisation(models.Model):
    """A campaigning organisation. Rows without one belong to the house as a whole."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("short name in addresses"), unique=True)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A member of staff. Supporters and contacts have no account."""

    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="staff",
        help_text=_("Empty: works for the house as a whole and sees every organisation."),
    )
    language = models.CharField(_("language"), max_length=10, blank=True, default="", db_default="")
    session_epoch = models.PositiveIntegerField(db_default=0, default=0, editable=False)

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save as usual, and end the person's sessions if what they may do, or what proves who they are, changed.

        `session_epoch` itself is never written from memory: a copy that was read before somebody ended the sessions
        would bring them back to life.
        """
        named = kwargs.get("update_fields")
        if self._state.adding or kwargs.get("force_insert"):
            super().save(*args, **kwargs)
            return
        if named is None:
            loaded = {field.name for field in self._meta.concrete_fields} - self.get_deferred_fields()
            named = kwargs["update_fields"] = loaded - {"session_epoch", "id"}
        with transaction.atomic():
            ends = self._ends_sessions(set(named))
            super().save(*args, **kwargs)
            if ends:
                self.end_sessions()

    def _ends_sessions(self, saved: set[str]) -> bool:
        watched = [
            name for name in ENDS_SESSIONS if name in saved or name.removesuffix("_id") in saved
        ]  # `last_login` is saved at each sign-in: that costs no question
        if not watched:
            return False
        before = User.objects.select_for_update().filter(pk=self.pk).values(*watched).first()
        return before is not None and before != {name: getattr(self, name) for name in watched}

    def end_sessions(self) -> None:
        """Sign the person out everywhere, from the next request on. Who shall stay signed in gets a session anew:

        `django.contrib.auth.update_session_auth_hash` after this. A repeat does no harm.
        """
        User.objects.filter(pk=self.pk).update(session_epoch=models.F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must hold to be worth anything; Django compares it at each request.

        The rights are in it by themselves as well, so that a change by SQL or by QuerySet.update() counts, too.
        """
        parts = [self.password, self.session_epoch, self.is_staff, self.is_superuser, self.organisation_id]
        text = "\n".join(str(part) for part in parts)
        return salted_hmac("accounts.sessions", text, secret=secret, algorithm="sha256").hexdigest()


class SavedView(models.Model):
    """A list of the desk as somebody narrowed and ordered it, kept under a name. It never holds words searched for."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=100, help_text="The list: contacts_contact.")
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="one_view_per_name")
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """Somebody is asked to work here, as something. They become a member of staff when they follow their link.

    The link is made from the row and its nonce and stored nowhere (accounts/seals.py).
    """

    address = models.EmailField(_("mail address"))
    roles = models.ManyToManyField("auth.Group", verbose_name=_("roles"), related_name="+")
    organisation = models.ForeignKey(
        Organisation,
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="invitations",
    )
    language = models.CharField(_("language"), max_length=10)
    nonce = models.CharField(max_length=32, editable=False)
    invited_by = models.ForeignKey(
        User, verbose_name=_("invited by"), on_delete=models.PROTECT, related_name="invitations"
    )
    created_at = models.DateTimeField(_("invited on"), db_default=Now())
    expires_at = models.DateTimeField(_("good until"))
    called_back_at = models.DateTimeField(_("called back on"), null=True)
    accepted_at = models.DateTimeField(_("accepted on"), null=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_open(self) -> bool:
        ended = self.accepted_at or self.called_back_at
        return ended is None and timezone.now() < self.expires_at


class Reason(models.Model):
    """Why somebody did what an entry of the log says, as they typed it: beside the log, so that it can be forgotten.

    The database lets nobody change it, and lets it go only with the person it may tell of (migration 0006_reasons).
    """

    entry = models.OneToOneField(
        "admin.LogEntry",
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="reason",
        db_constraint=False,  # entries never go
    )
    words = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"#{self.pk}"
