"""One check of a mailing: asked for at the desk, done by a worker, kept on the mailing with what it was about.

`Mailing.preflight` holds {"run": …, "state": waiting | running | done, "step", "done", "of", "beat", "findings": […]}.
A newer check makes an older one worthless: whoever writes names the run.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, transaction
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime

from accounts.models import User
from contacts import doorbell
from contacts.segments.trees import RuleError
from mailer.mailings import audience as counting
from mailer.mailings.audience import AudienceCount
from mailer.models import Mailing, MailingAct
from mailer.preflight import audience, domains, links, mails, merging, texts
from mailer.preflight.dns_lookup import Lookup
from mailer.preflight.findings import ERROR, Finding, from_json
from mailer.preflight.fingerprint import fingerprint

logger = logging.getLogger(__name__)

WAITING, RUNNING, DONE = "waiting", "running", "done"
# A worker says at every step that it is there; after this silence it is taken for dead, and a person may ask again.
SILENCE = dt.timedelta(seconds=90)
COUNT_MS = 20_000  # a worker may wait longer for a count than a page
_TELL_EVERY = 0.4


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the check of a mailing stands. `findings` are those of the last check that ended."""

    state: str = ""  # "" for never checked
    step: str = ""
    done: int = 0
    of: int = 0
    is_lost: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def is_moving(self) -> bool:
        return self.state in {WAITING, RUNNING} and not self.is_lost


def standing(mailing: Mailing) -> Standing:
    """Read from the row; asks nothing."""
    kept: dict[str, Any] = mailing.preflight or {}
    beat = parse_datetime(str(kept.get("beat", "")))
    state = str(kept.get("state", ""))
    return Standing(
        state,
        str(kept.get("step", "")),
        int(kept.get("done", 0)),
        int(kept.get("of", 0)),
        is_lost=state in {WAITING, RUNNING} and (beat is None or timezone.now() - beat > SILENCE),
        findings=tuple(from_json(one) for one in kept.get("findings", [])),
    )


def begin(mailing: Mailing, by: User) -> bool:
    """Have a worker check the mailing. False if a check is under way already: two clicks are one check; and for what is
    no draft any more, since a new check would take the place of the one that let it leave."""
    with transaction.atomic():
        held = Mailing.objects.select_for_update(no_key=True).get(pk=mailing.pk)
        if held.status != Mailing.Status.DRAFT or standing(held).is_moving:
            return False
        run = uuid.uuid4().hex
        kept = {
            "run": run,
            "state": WAITING,
            "beat": timezone.now().isoformat(),
            "by": by.pk,
            "language": translation.get_language() or "en",
        }
        Mailing.objects.filter(pk=mailing.pk).update(preflight=kept, preflight_print="", preflight_at=None)
        doorbell.wake(_task(), mailing.pk, run)
    mailing.refresh_from_db(fields=["preflight", "preflight_print", "preflight_at"])
    return True


def work(mailing_id: int, run: str) -> None:
    """Do a check that was asked for. A repeat does it again; one that a newer check has overtaken does nothing."""
    mailing = Mailing.objects.select_related("sender", "organisation", "mailing_list").get(pk=mailing_id)
    kept: dict[str, Any] = mailing.preflight or {}
    if kept.get("run") != run or kept.get("state") == DONE:
        return
    by = User.objects.filter(pk=kept.get("by") or 0).first()
    with translation.override(kept.get("language", "en")):
        try:
            check(mailing, by=by, run=run)
        except Exception as error:
            # Told on the page; the person who waits there asks again.
            logger.exception("a check of a mailing broke off", extra={"mailing": mailing.pk})
            broken = Finding(ERROR, "broken_off", "audience", {"why": type(error).__name__})
            _Shift(mailing, run).end([broken], "", by)


def sweep() -> int:
    """Ring again for checks that no worker has taken up: the broker may have lost the first ring."""
    waiting = Mailing.objects.filter(preflight__state=WAITING).values_list("pk", "preflight__run")
    return sum(doorbell.ring(_task(), pk, run) for pk, run in waiting)


def check(
    mailing: Mailing,
    *,
    by: User | None,
    run: str = "",
    fetch: links.Fetch = links.look,
    lookup: Lookup | None = None,
) -> list[Finding]:
    """Look at everything and keep what was found, with the fingerprint of what was looked at. Takes seconds, up to a
    minute; no transaction may be open. `run` names a check that was asked for; `fetch` and `lookup` are for tests.
    """
    shift = _Shift(mailing, run)
    about = fingerprint(mailing)
    written = list(mailing.texts.order_by("language"))
    found: list[Finding] = []
    shift.tell("audience")
    count, told = _counted(mailing)
    found += [*told, *audience.check(mailing, count)]
    shift.tell("texts")
    of_words = texts.check(mailing, written, count)
    made = mails.make(mailing, written)
    # What keeps a text from being rendered has been told with its block.
    unfinished = {one.language for one in of_words if one.level == ERROR}
    of_mails = [one for one in made.findings if one.code != "not_rendered" or one.language not in unfinished]
    found += [*of_words, *of_mails]
    if count is not None:
        shift.tell("fields")
        found += merging.check(mailing, made.by_language)
    shift.tell("domain")
    found += domains.of_mailing(mailing, lookup)
    shift.tell("links")
    found += links.check(written, fetch=fetch, progress=lambda done, of: shift.tell("links", done, of))
    shift.end(found, about, by)
    return found


def _counted(mailing: Mailing) -> tuple[AudienceCount | None, list[Finding]]:
    try:
        return counting.count(mailing, bound_ms=COUNT_MS), []
    except RuleError as error:
        return None, [Finding(ERROR, "rule_broken", "audience", {"why": str(error)})]
    except OperationalError:
        return None, [Finding(ERROR, "slow_count", "audience")]


class _Shift:
    """A worker's time with a check. Without `run` nobody asked for it, and it is nobody's turn."""

    def __init__(self, mailing: Mailing, run: str) -> None:
        self.mailing = mailing
        self.run = run or uuid.uuid4().hex
        self.base = {**(mailing.preflight or {}), "run": self.run}
        self.told = 0.0
        if not run:
            Mailing.objects.filter(pk=mailing.pk).update(preflight=self.base)

    def tell(self, step: str, done: int = 0, of: int = 0) -> None:
        """Say how far it is; not oftener than somebody looks."""
        if done and done < of and time.monotonic() - self.told < _TELL_EVERY:
            return
        self.told = time.monotonic()
        beat = timezone.now().isoformat()
        self._write({**self.base, "state": RUNNING, "step": step, "done": done, "of": of, "beat": beat})

    @transaction.atomic
    def end(self, found: list[Finding], about: str, by: User | None) -> None:
        kept = {"run": self.run, "state": DONE, "findings": [one.as_json() for one in found]}
        if self._write(kept, preflight_at=Now(), preflight_print=about):
            wrong = sum(one.level == ERROR for one in found)
            MailingAct.objects.create(
                mailing=self.mailing,
                what=MailingAct.What.CHECKED,
                by=by,
                detail={"errors": wrong, "print": about},
            )
        self.mailing.refresh_from_db(fields=["preflight", "preflight_print", "preflight_at"])

    def _write(self, kept: dict[str, Any], **changes: Any) -> bool:
        mine = Mailing.objects.filter(pk=self.mailing.pk, preflight__run=self.run)
        return bool(mine.update(preflight=kept, **changes))


def _task() -> Any:
    from mailer import tasks  # the tasks call this module

    return tasks.check_mailing
