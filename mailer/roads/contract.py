"""What every road promises: the words between the ledger, which knows whom to ask for, and the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from mailer.models import Message
from mailer.providers import Outcome


class Recipient(NamedTuple):
    """One delivery of a window, as the ledger hands it over; the consent check is behind it.

    `values` holds every merge field and slot that the message or its headers name. Values of fields are plain text
    (escaping is the road's work); slots of the door (`links.slots.NAMES`) are ASCII without `& < > " '`. A missing name is an error of this mail alone: it is refused, nobody is asked.
    """

    delivery_id: int
    address: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Content:
    """A message with its headers, to be sent to many: made once for a chunk.

    `headers` are those beside From, To, Reply-To, Subject, Date, Message-ID and MIME, in the order they are written;
    a value may hold slots, for example `<{{ unsubscribe_link }}>`. What roads compile of it is kept in `compiled`.
    """

    message: Message
    headers: Mapping[str, str]
    metadata: Mapping[str, str] = field(
        default_factory=dict
    )  # told back with every event, beside delivery_id
    compiled: dict[str, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """How many people may be asked for just now. With nobody: how many seconds to wait, and why in words.

    A wait of minutes or hours (the day's quota is spent, the breaker is open) is for the chunk's `due_at`, not for
    a sleeping worker.
    """

    people: int
    wait: float = 0.0
    reason: str = ""


class Road(Protocol):
    """A way out for many copies of one message. A context manager; one worker uses it, one window at a time."""

    window: int
    """People for one `ask`."""

    provider: str
    """Short name for `Delivery.provider`."""

    def turn(self, people: int) -> Turn:
        """Take the right to ask for up to so many people, shared fairly with all other workers. Never raises.

        To be asked for before a window is written down as asked; what is not used is not given back.
        """

    def ask(self, content: Content, recipients: Sequence[Recipient]) -> list[Outcome]:
        """Ask once for each recipient; one outcome each, in order. Never raises. Not safe to repeat.

        An outcome with `Answer.HELD` says that this person's receiving domain is at its pace: nobody was asked,
        no attempt is used up, only this person waits `wait` seconds.
        """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
