"""Posts what happens to accepted messages to the webhook: signed, one event a request, as Mailgun does.

What is due waits in a heap of stretches of the log (a batch of 1,000 ordinary recipients is one element), and
a fixed number of posters empties it, so that neither tasks nor memory grow with the mailing. Events still
waiting when the sandbox stops are not posted later; the events API tells of them all the same.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import logging
import random
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from . import mailgun, messages
from .outcomes import Step, plan_for
from .store import Entry, Line, Store
from .switches import Switch

log = logging.getLogger(__name__)

POSTERS = 16
BACKOFF = 0.25
"""Seconds before the second attempt; twice as long before each further one."""
TIMEOUT = aiohttp.ClientTimeout(total=30)
REMEMBERED = 1000
"""How many posts the events page shows."""


@dataclass(frozen=True, slots=True)
class Job:
    """Post the first of `steps` for each entry of a stretch of the log, then go on with the next step."""

    position: int
    length: int
    entries: int
    steps: tuple[Step, ...]
    times: int = 1
    good_signature: bool = True
    attempt: int = 1
    delay: float = 0


@dataclass(slots=True)
class Counts:
    """Posts by what became of them: taken, tried again, given up. `pending`: messages with an event to post."""

    posted: int = 0
    retried: int = 0
    undeliverable: int = 0
    pending: int = 0


@dataclass(slots=True)
class Events:
    """The queue of events and those who post them."""

    store: Store
    webhook_url: str
    webhook_secret: str  # "user:password" for basic auth, or nothing
    signing_key: str
    unit: float  # seconds; the steps of a plan count in it
    attempts: int
    counts: Counts = field(default_factory=Counts)
    posts: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _heap: list[tuple[float, int, Job]] = field(default_factory=list)
    _number: Any = field(default_factory=itertools.count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _ready: asyncio.Queue[tuple[int, Job, Entry]] = field(default_factory=lambda: asyncio.Queue(2 * POSTERS))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None
    _generation: int = 0
    _sending: int = 0

    async def start(self) -> None:
        user, _, password = self.webhook_secret.partition(":")
        self._session = aiohttp.ClientSession(
            auth=aiohttp.BasicAuth(user, password, "utf-8") if self.webhook_secret else None,
            connector=aiohttp.TCPConnector(limit=2 * POSTERS),
            timeout=TIMEOUT,
        )
        self._tasks = [asyncio.create_task(self._dispatch())]
        self._tasks += [asyncio.create_task(self._post_ready()) for _ in range(POSTERS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def drop(self) -> None:
        """Forget what is waiting, and let the posts under way end (but wait no longer than 5 s for them)."""
        self._generation += 1
        self._heap.clear()
        while not self._ready.empty():
            self._ready.get_nowait()
        patience = time.monotonic() + 5
        while self._sending and time.monotonic() < patience:
            await asyncio.sleep(0.005)
        self.counts = Counts()
        self.posts.clear()

    def schedule(self, lines: Iterable[Line]) -> None:
        """Queue the events of an accepted call, given in the log's order without gaps.

        Neighbours with the same outcome share one job.
        """
        now = time.time()

        def plan_of(line: Line) -> tuple[Step, ...]:
            return plan_for(line.recipient, rejected=line.rejected)

        for plan, group in itertools.groupby(lines, plan_of):
            stretch = list(group)
            if plan:
                length = sum(line.length for line in stretch)
                self._push(now, Job(stretch[0].position, length, len(stretch), plan))

    async def schedule_with(self, line: Line, switches: dict[str, Switch]) -> None:
        """Queue, or post at once, the events of one recipient for whom event switches are on."""
        plan = plan_for(line.recipient, rejected=line.rejected)
        if "events_off" in switches or not plan or not self.webhook_url:
            return
        job = Job(
            line.position,
            line.length,
            1,
            plan,
            times=2 if "events_doubled" in switches else 1,
            good_signature="events_bad_signature" not in switches,
            attempt=self._last_if("events_bad_signature" in switches),
            delay=(switches["events_delayed"].seconds or 0.0) if "events_delayed" in switches else 0.0,
        )
        if "events_early" in switches:
            [entry] = self.store.span(line.position, line.length)
            for step in plan:
                early = replace(job, steps=(step,))
                if not await self._post(early, entry, happened=time.time()):
                    self._push_due(time.time() + BACKOFF, replace(early, attempt=2))
        elif "events_shuffled" in switches:
            self._push_shuffled(job, switches["events_shuffled"].seconds)
        else:
            self._push(time.time(), job)

    def post_now(
        self, entry: Entry, steps: tuple[Step, ...], *, times: int, shuffle: bool, good_signature: bool
    ) -> None:
        """Queue events somebody asked for, to be posted at once."""
        job = Job(
            entry["position"],
            entry["length"],
            1,
            steps,
            times=times,
            good_signature=good_signature,
            attempt=self._last_if(not good_signature),
        )
        if shuffle:
            self._push_shuffled(job, 0)
        elif steps:
            self._push(0, replace(job, steps=tuple(replace(step, after=0) for step in steps)))

    def _last_if(self, bad_signature: bool) -> int:
        """The attempt to begin with: what is refused for good reason is posted once."""
        return self.attempts if bad_signature else 1

    def _push_shuffled(self, job: Job, seconds: float | None) -> None:
        spread = 2 * self.unit if seconds is None else seconds
        steps = list(job.steps) * job.times
        random.shuffle(steps)
        for place, step in enumerate(steps):
            due = time.time() + job.delay + spread * place / len(steps)
            self._push_due(due, replace(job, steps=(step,), times=1))

    def _push(self, accepted: float, job: Job) -> None:
        self._push_due(accepted + job.delay + job.steps[0].after * self.unit, job)

    def _push_due(self, due: float, job: Job) -> None:
        if not self.webhook_url:
            return
        self.counts.pending += job.entries
        heapq.heappush(self._heap, (due, next(self._number), job))
        self._wake.set()

    async def _dispatch(self) -> None:
        """Hand due entries to the posters, in the order they are due."""
        while True:
            self._wake.clear()
            wait = self._heap[0][0] - time.time() if self._heap else None
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), wait)
                continue
            generation, job = self._generation, heapq.heappop(self._heap)[2]
            for entry in self.store.span(job.position, job.length):
                if generation != self._generation:
                    break
                await self._ready.put((generation, job, entry))

    async def _post_ready(self) -> None:
        while True:
            generation, job, entry = await self._ready.get()
            if generation != self._generation:
                continue
            try:
                posted = await self._post(job, entry)
            except Exception:
                # One mail that cannot be read must not end a poster; the log of errors says why.
                log.exception("an event could not be made: %s", entry["id"])
                posted = False
            if generation == self._generation:
                self._follow(job, entry, posted)

    def _follow(self, job: Job, entry: Entry, posted: bool) -> None:
        """After a post: try again if it failed and may be tried, or go on with the next step."""
        self.counts.pending -= 1
        alone = replace(job, position=entry["position"], length=entry["length"], entries=1)
        if not posted and job.attempt < self.attempts:
            self.counts.retried += 1
            wait = BACKOFF * 2 ** (job.attempt - 1)
            self._push_due(time.time() + wait, replace(alone, attempt=job.attempt + 1))
            return
        if not posted:
            self.counts.undeliverable += 1
        if len(job.steps) > 1:
            self._push(entry["time"], replace(alone, steps=job.steps[1:], attempt=1))

    async def _post(self, job: Job, entry: Entry, happened: float | None = None) -> bool:
        """Post one event, as often as the job says; False if any of the posts was not taken.

        406 means "do not send this again" at Mailgun, and is final here too.
        """
        step = job.steps[0]
        if happened is None:
            happened = min(time.time(), entry["time"] + step.after * self.unit)
        body = self._body(entry, step, happened, good_signature=job.good_signature)
        taken = True
        for _ in range(job.times):
            answer = await self._send(body)
            self.posts.append(
                {
                    "time": time.time(),
                    "event": step.event,
                    "severity": step.severity,
                    "recipient": entry["recipient"],
                    "message_id": entry["message_id"],
                    "position": entry["position"],
                    "attempt": job.attempt,
                    "answer": answer,
                }
            )
            final = isinstance(answer, int) and (200 <= answer < 300 or answer == 406)
            self.counts.posted += final
            taken = taken and final
        return taken

    def _body(self, entry: Entry, step: Step, happened: float, *, good_signature: bool) -> bytes:
        url = self._clicked_url(entry) if step.event == "clicked" else ""
        key = self.signing_key if good_signature else f"not {self.signing_key}"
        signature = mailgun.sign(key, mailgun.event_token(entry, step), int(time.time()))
        data = mailgun.event_data(entry, step, happened, url)
        return json.dumps({"signature": signature, "event-data": data}).encode()

    def _clicked_url(self, entry: Entry) -> str:
        if "content" not in entry:
            return "https://example.com/"
        rendered = messages.render(self.store.content(*entry["content"]), entry)
        return next(iter(messages.links(rendered)), "https://example.com/")

    async def _send(self, body: bytes) -> int | str:
        """The status the webhook answered with, or what went wrong."""
        if self._session is None:
            raise RuntimeError("Events.start was not called")
        headers = {"Content-Type": "application/json", "User-Agent": "mailgun/sandbox"}
        self._sending += 1
        try:
            async with self._session.post(
                self.webhook_url, data=body, headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
        finally:
            self._sending -= 1
