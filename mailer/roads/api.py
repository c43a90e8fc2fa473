"""The road by a provider's API: one call for as many people as it takes, through Anymail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from anymail.exceptions import AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from mailer import composing, providers
from mailer.models import Sender
from mailer.providers import Answer, Outcome
from mailer.roads import abilities, buckets
from mailer.roads.batches import Batch, ForeignTextError
from mailer.roads.contract import Content, Recipient, Turn
from mailer.roads.quick import BACKENDS, RecipientVariables
from mailer.roads.single import compose

# No further call of a window begins after so long: whoever leaves meanwhile waits no longer than that (30 s promised).
ASK_SECONDS = 25.0
MAX_REFUSED_CALLS = (
    24  # in a row, nothing accepted between: then it is the message that is refused, not a recipient
)
SINGLY = 50  # people for one window where each is a call

Part = tuple[Recipient, Any]


class Maker(Protocol):
    """Makes the mail of a call from its recipients' parts."""

    def part(self, recipient: Recipient) -> Any:
        """What is this recipient's own. Raises ValidationError, or MergeError for a value that is missing."""

    def mail(self, parts: Sequence[Part]) -> EmailMultiAlternatives: ...


class ApiRoad:
    """One worker's way to the provider. Its connection is opened when it is needed and kept between windows."""

    def __init__(self, sender: Sender) -> None:
        self.provider = providers.provider_name()
        self._abilities = abilities.of(self.provider)
        self.window = self._abilities.batch or SINGLY
        self._backend: BaseEmailBackend | None = None
        self._pace = buckets.Pace(sender, self.provider)

    def turn(self, people: int) -> Turn:
        return self._pace.turn(people)

    def ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        return buckets.paced(self._pace, recipients, lambda asked: self._ask(content, asked))

    def _ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        try:
            backend = self._open()
            maker, most = self._maker(content)
        except ImproperlyConfigured:
            return [providers.INCOMPLETE] * len(recipients)
        except ValidationError as error:
            return [_unwritten(error)] * len(recipients)
        return _Window(backend, maker, recipients).run(most)

    def _open(self) -> BaseEmailBackend:
        if self._backend is None:
            backend = providers.mail_backend(BACKENDS.get(self.provider, ""))
            providers.open_backend(backend)
            self._backend = backend
        return self._backend

    def _maker(self, content: Content) -> tuple[Maker, int]:
        """How calls for this content are made, and for how many people at most."""
        if self._abilities.batch:
            try:
                batch = _compiled(content, self.provider)
            except ForeignTextError:
                return _Singly(content), 1
            quick = self.provider == "mailgun"
            return _Mailgun(batch) if quick else _Anymail(batch), self._abilities.batch
        return _Singly(content), 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.give_back()
        if self._backend is not None:
            self._backend.close()
            self._backend = None


class _Window:
    """One `ask`: each recipient in calls until there is an answer about them, or a reason to stop asking."""

    def __init__(self, backend: BaseEmailBackend, maker: Maker, recipients: Sequence[Recipient]) -> None:
        self._backend = backend
        self._maker = maker
        self._recipients = recipients
        self._parts: dict[int, Part] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._until = time.monotonic() + ASK_SECONDS
        self._refused_calls = 0
        self._stop: Outcome | None = None

    def run(self, most: int) -> list[Outcome]:
        for index, recipient in enumerate(self._recipients):
            try:
                self._parts[index] = (recipient, self._maker.part(recipient))
            except (ValidationError, composing.MergeError) as error:
                self._outcomes[index] = _unwritten(error)
        for group in _groups(self._parts, most):
            self._ask(group)
        return [self._outcomes[index] for index in range(len(self._recipients))]

    def _ask(self, group: list[int]) -> None:
        if self._stop is None and time.monotonic() > self._until:
            self._stop = Outcome(Answer.LATER, reason="the provider was too slow")
        if self._stop is not None:
            self._settle(group, self._stop)
            return
        try:
            mail = self._maker.mail([self._parts[index] for index in group])
            self._backend.send_messages([mail])
        except AnymailRecipientsRefused:
            self._settle_each(group, mail)
        except Exception as error:
            self._take_error(group, providers.outcome_of(error))
        else:
            self._refused_calls = 0
            self._settle_each(group, mail)

    def _take_error(self, group: list[int], outcome: Outcome) -> None:
        if outcome.answer is not Answer.REFUSED:
            self._settle(group, outcome)
            # What a time-out or a refused connection says of this call, it may say of the next: others come later.
            self._stop = outcome
            if outcome.answer is Answer.UNKNOWN:
                self._stop = Outcome(Answer.LATER, reason="the call before this one had no answer")
            return
        self._refused_calls += 1
        if self._refused_calls > MAX_REFUSED_CALLS and not self._accepted_any:
            self._stop = Outcome(
                Answer.LOCKED_OUT,
                reason=f"{outcome.reason}, whoever it was for: check the message",
                wait=60.0,
            )
            self._settle(group, self._stop)
        elif len(group) == 1:
            self._settle(group, outcome)
        else:
            # Refused whole, so nobody of it was accepted: one half after the other until the bad one stands alone (F7).
            middle = len(group) // 2
            self._ask(group[:middle])
            self._ask(group[middle:])

    @property
    def _accepted_any(self) -> bool:
        return any(outcome.answer is Answer.ACCEPTED for outcome in self._outcomes.values())

    def _settle(self, group: Iterable[int], outcome: Outcome) -> None:
        for index in group:
            self._outcomes[index] = outcome

    def _settle_each(self, group: list[int], mail: EmailMultiAlternatives) -> None:
        status = mail.anymail_status  # type: ignore[attr-defined]
        known: dict[tuple[str | None, str | None], Outcome] = {}
        for index in group:
            found = status.recipients.get(self._recipients[index].address)
            if found is None:
                # The provider may write the address another way; a word for all is a word for this one.
                of_all = status.status or set()
                word = next(iter(of_all)) if len(of_all) == 1 else None
                key = (word, status.message_id if isinstance(status.message_id, str) else None)
            else:
                key = (found.status, found.message_id)
            if key not in known:
                known[key] = _of_status(*key)
            self._outcomes[index] = known[key]


class _Anymail:
    """Anymail's own batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def part(self, recipient: Recipient) -> tuple[dict[str, str], dict[str, str]]:
        return self._batch.values_of(recipient), self._batch.headers_of(recipient)

    def mail(self, parts: Sequence[Part]) -> EmailMultiAlternatives:
        return self._batch.mail(
            [(recipient, values, own_headers) for recipient, (values, own_headers) in parts]
        )


class _Mailgun:
    """The same for Mailgun, written in one go."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._variables = RecipientVariables(batch)

    def part(self, recipient: Recipient) -> str:
        return self._variables.of(recipient)

    def mail(self, parts: Sequence[Part]) -> EmailMultiAlternatives:
        mail = self._batch.frame([recipient.address for recipient, _json in parts])
        mail.recipient_variables = "{" + ", ".join([json for _recipient, json in parts]) + "}"  # type: ignore[attr-defined]
        mail.header_names = self._variables.header_names  # type: ignore[attr-defined]
        return mail


class _Singly:
    """A whole mail each, for providers without batches of this kind and for texts that would confuse one."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def part(self, recipient: Recipient) -> EmailMultiAlternatives:
        return compose(self._content, recipient)

    def mail(self, parts: Sequence[Part]) -> EmailMultiAlternatives:
        ((_recipient, mail),) = parts
        return mail


def _compiled(content: Content, provider: str) -> Batch:
    if provider not in content.compiled:
        content.compiled[provider] = Batch(content, provider)
    return content.compiled[provider]  # type: ignore[return-value]


def _groups(parts: dict[int, Part], most: int) -> Iterator[list[int]]:
    """Indexes in groups of at most `most`, no address twice in one: a batch call tells people apart by it."""
    waiting = list(parts)
    while waiting:
        group: list[int] = []
        again: list[int] = []
        seen: set[str] = set()
        for index in waiting:
            address = parts[index][0].address.lower()
            if len(group) == most or address in seen:
                again.append(index)
            else:
                seen.add(address)
                group.append(index)
        yield group
        waiting = again


def _of_status(status: str | None, message_id: str | None) -> Outcome:
    match status:
        case "sent" | "queued" if message_id not in (None, ""):
            return Outcome(Answer.ACCEPTED, message_id=str(message_id))
        case "invalid" | "rejected":
            return Outcome(Answer.REFUSED, reason="the provider refused the address")
        case _:
            return Outcome(
                Answer.UNKNOWN, reason="the provider's answer says nothing definite of this recipient"
            )


def _unwritten(error: Exception) -> Outcome:
    return Outcome(Answer.REFUSED, reason=f"the mail could not be written: {type(error).__name__}")
