"""The log of what staff did: Django's admin log, which the database lets nobody change (migration 0003_log_stays).

Beside what Django's admin writes by itself it holds sign-ins, refused ones and sign-outs, changes of roles and
rights, and every file that was taken away. What a stranger typed is never in it.

What was done is kept as a code with its details, `{"did": "accounts.signed_in"}`, and said in the language of whoever
reads it (`told`). Each app lists what may be done in it as an enumeration marked `kept`. Rows from before the codes
hold an English sentence; they are shown as they stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connection, models, transaction
from django.db.models.functions import Concat, Now
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Reason, User

D = TypeVar("D", bound=type[models.TextChoices])
S = TypeVar("S", bound=Callable[[Any], str])

REASON_DAYS = timedelta(days=90)
_BATCH = 5_000
_DID = "did"  # the key of the code, always the first of the row's JSON
_sentences: dict[str, Any] = {}  # code -> its sentence, translated when it is shown
_sayings: dict[str, Callable[[Any], str]] = {}  # name of a detail -> how it is said


class Act(models.IntegerChoices):
    """What kind of act an entry is; the first three are Django's own."""

    ADDED = ADDITION, _("added")
    CHANGED = CHANGE, _("changed")
    DELETED = DELETION, _("deleted")
    SIGNED_IN = 11, _("signed in")
    REFUSED = 12, _("sign-in refused")
    SIGNED_OUT = 13, _("signed out")
    RIGHTS = 14, _("roles and rights")
    TAKEN = 15, _("taken as a file")


def kept(deeds: D) -> D:
    """Let the log hold these codes. One that was written once is never renamed: its rows cannot be changed.

    Raises ValueError for a code that stands for something else already.
    """
    for deed in deeds:
        if _sentences.setdefault(deed.value, deed.label) is not deed.label:
            raise ValueError(f"two things are called {deed.value} in the log of staff acts")
    return deeds


def says(*names: str) -> Callable[[S], S]:
    """Let a function say the details of these names, such as a role or a field, in the reader's language."""

    def remember(say: S) -> S:
        _sayings.update(dict.fromkeys(names, say))
        return say

    return remember


@kept
class Did(models.TextChoices):
    """What people do with accounts, and what is done everywhere."""

    ADDED = "desk.added", _("Added.")
    CHANGED = "desk.changed", _("Changed.")
    SIGNED_IN = "accounts.signed_in", _("Signed in.")
    SIGNED_OUT = "accounts.signed_out", _("Signed out.")
    SIGNED_OUT_ELSEWHERE = "accounts.signed_out_elsewhere", _("Signed out everywhere else.")
    SIGNED_THEM_OUT = "accounts.signed_them_out", _("Signed them out everywhere.")
    WRONG_PASSWORD = "accounts.wrong_password", _("A wrong password.")
    WRONG_CODE = "accounts.wrong_code", _("A wrong code.")
    PASSWORD_LINK = "accounts.password_link", _("Sent them a link to a new password.")
    PASSWORD_SET = "accounts.password_set", _("Set a new password by a link.")
    SWITCHED_ON = "accounts.switched_on", _("Switched on.")
    SWITCHED_OFF = "accounts.switched_off", _("Switched off.")
    RIGHTS_GIVEN = "accounts.rights_given", _("May: %(after)s.")
    RIGHTS_CHANGED = "accounts.rights_changed", _("From: %(before)s. To: %(after)s.")
    RIGHTS_FOLLOWED = (
        "accounts.rights_followed",
        _("By the groups of the identity provider. From: %(before)s. To: %(after)s."),
    )
    INVITED = "accounts.invited", _("Invited somebody as: %(roles)s.")
    INVITED_AGAIN = "accounts.invited_again", _("Sent the invitation again.")
    CALLED_BACK = "accounts.called_back", _("Called the invitation back.")
    ACCEPTED = "accounts.accepted", _("Accepted the invitation of %(inviter)s.")
    FACTOR_SET_UP = "accounts.factor_set_up", _("Set up for themselves: %(factor)s.")
    FACTOR_REMOVED = "accounts.factor_removed", _("Removed for themselves: %(factor)s.")
    FACTORS_RESET = "accounts.factors_reset", _("Removed the second factor (%(count)s).")
    RECOVERY_CODES = "accounts.recovery_codes", _("Made new recovery codes for themselves.")


@transaction.atomic
def record(
    by: User,
    act: Act,
    did: models.TextChoices,
    row: models.Model | None = None,
    *,
    why: str = "",
    **details: Any,
) -> None:
    """Write down that `by` did `did`, an act of the kind `act`, to `row` (to themselves without one).

    details: what the sentence of `did` names, as JSON can hold it; no address, and no name of somebody outside. What a
    person typed may name one all the same: it is `why`, and stands beside the log until it is forgotten.
    """
    message = json.dumps({_DID: did.value, **details}, ensure_ascii=False)
    entry = LogEntry.objects.log_actions(by.pk, [row or by], act, message, single_object=True)
    if why:
        Reason.objects.create(entry=entry, words=why[:300])


def told(entry: LogEntry) -> str:
    """What was done, in the reader's language; what a person typed as they typed it.

    What Django's admin wrote is said by Django, and a sentence from before the codes stands as it is.
    """
    message = entry.change_message
    if not message.startswith(f'{{"{_DID}": '):
        return entry.get_change_message()
    details = json.loads(message)
    if (reason := getattr(entry, "reason", None)) is not None:
        details["why"] = reason.words
    sentence = _sentences.get(details.pop(_DID))
    if sentence is None:
        return message  # written by a version that knew more
    return str(sentence) % _Said({name: _said(name, value) for name, value in details.items()})


class _Said(dict[str, str]):
    """The details of a row in words. One that was not kept yet when the row was written is "–"."""

    def __missing__(self, name: str) -> str:
        return "–"


def _said(name: str, value: Any) -> str:
    if say := _sayings.get(name):
        return say(value)
    return gettext(", ").join(map(str, value)) if isinstance(value, list) else str(value)


def saying(words: str) -> models.Q:
    """The entries whose code says `words` to this reader, for a search in the log."""
    codes = [code for code, said in _sentences.items() if words.casefold() in str(said).casefold()]
    return models.Q(
        *(("change_message__startswith", f'{{"{_DID}": "{code}"') for code in codes),
        _connector=models.Q.OR,
    )


def forget_reasons_of(model: type[models.Model], pks: Iterable[int]) -> int:
    """Take what staff typed about these rows away from the log; who did what stays. Returns how many. Safe to repeat.

    Sentences from before the codes, and codes that held the reason themselves, become empty as a whole. Inside a
    transaction.
    """
    entries = LogEntry.objects.filter(
        content_type__app_label=model._meta.app_label,
        content_type__model=model._meta.model_name,
        object_id__in=[str(pk) for pk in pks],
    )
    may_rename()
    gone, _by_model = Reason.objects.filter(entry__in=entries).delete()
    coded = models.Q(change_message__startswith=f'{{"{_DID}": ')
    inside = models.Q(change_message__contains='"why": ') | models.Q(change_message__contains='"because": ')
    old = entries.filter(~coded | inside).exclude(change_message="")
    name = Concat(models.Value("#"), models.F("object_id"), output_field=models.TextField())
    return int(gone) + old.update(object_repr=name, change_message="")


def forget_reasons() -> Iterator[int]:
    """Take away what staff typed so long ago that nobody asks for it any more, a batch at a time."""
    old = Reason.objects.filter(entry__action_time__lt=Now() - REASON_DAYS)
    while pks := list(old.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            may_rename()
            yield Reason.objects.filter(pk__in=pks).delete()[0]


def may_rename() -> None:
    """Let the rest of this transaction take names out of the log: of a person who is erased, and of nobody else.

    The trigger then takes exactly one change: the name becomes the number of the row, the sentence becomes empty.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('epistle.erasing', 'on', true)")


def watch_sign_ins() -> None:
    """From now on sign-ins, refused ones and sign-outs are written down. Safe to repeat."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.audit.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="accounts.audit.refused")


def _signed_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    # A session that a command or a test makes by itself is nobody's visit: such a request leads to no page.
    if getattr(request, "resolver_match", None) is not None:
        record(user, Act.SIGNED_IN, Did.SIGNED_IN)


def _signed_out(sender: Any, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None and getattr(request, "resolver_match", None) is not None:
        record(user, Act.SIGNED_OUT, Did.SIGNED_OUT)


def _refused(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """A wrong password for an account that exists. One for no account is nobody's, and what was typed is not kept:

    people type their password there.
    """
    typed = credentials.get(User.USERNAME_FIELD)
    user = (
        User.objects.filter(username=typed).first() if isinstance(typed, str) and "\0" not in typed else None
    )
    if user is not None:
        record(user, Act.REFUSED, Did.WRONG_PASSWORD)
