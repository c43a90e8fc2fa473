"""What a check found, as it is kept and as it is said.

A finding is kept as a code and values; its words are made when it is shown, in the language of whoever reads it.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from django.utils import formats

from mailer.preflight import words

T = TypeVar("T")

ERROR = "error"  # nothing leaves with it, unless a person may and does overrule it
WARNING = "warning"  # said, and no more
OK = "ok"  # looked at, and found right

_ORDER = {ERROR: 0, WARNING: 1, OK: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """level: ERROR, WARNING or OK. code: a key of `words.SAID`, filled with `values`.

    group: the part of the page it stands in, a key of `words.GROUPS`. block, language: where in the mailing.
    about: tells findings of one code apart, for example a link; overruling one does not overrule the other.
    """

    level: str
    code: str
    group: str
    values: dict[str, Any] = field(default_factory=dict)
    block: str = ""
    language: str = ""
    about: str = ""
    may_override: bool = False

    @property
    def key(self) -> str:
        """Names this finding in the next check as well, while it is about the same."""
        said = "\0".join((self.code, self.language, self.about))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        """The sentence in the reader's language, numbers as they write them."""
        said = words.SAID.get(self.code)
        return str(said % _Shown(self.values)) if said is not None else self.code

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", {}, False)}


class _Shown(dict[str, Any]):
    """The values of a sentence; numbers come with the separators of the reader's language."""

    def __getitem__(self, name: str) -> Any:
        value = super().get(name, "")
        # `count` stays a number: it chooses the plural form.
        if isinstance(value, int) and name != "count":
            return formats.number_format(value, use_l10n=True, force_grouping=True)
        return value

    def __missing__(self, name: str) -> str:
        return ""


def from_json(data: dict[str, Any]) -> Finding:
    """A finding as it was kept. What an older version kept and this one does not know is left out."""
    known = Finding.__dataclass_fields__
    return Finding(
        **{"level": ERROR, "code": "", "group": "", **{n: v for n, v in data.items() if n in known}}
    )


def in_order(findings: list[Finding]) -> list[Finding]:
    """The worst first, otherwise as they were found."""
    return sorted(findings, key=lambda one: _ORDER[one.level])
