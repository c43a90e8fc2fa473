"""Which language of a mailing a person reads, and whether its languages say the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from contacts.naming import language_name
from mailer.models import Mailing, MailingText
from mailer.writing import blocks, rich


def chain(mailing: Mailing, wanted: str) -> list[str]:
    """The languages tried for a reader of `wanted`, in order, each once: fr-CA, fr, their fallbacks, the main one."""
    base = wanted.partition("-")[0]
    tried = [wanted, base]
    for code in (wanted, base):
        tried += mailing.fallbacks.get(code, [])
    return list(dict.fromkeys([*(code for code in tried if code), mailing.language]))


def written(mailing: Mailing) -> list[str]:
    """The languages there is a text in, the main one first."""
    codes = mailing.texts.order_by("language").values_list("language", flat=True)
    return sorted(codes, key=lambda code: code != mailing.language)


def language_for(mailing: Mailing, wanted: str, there: Collection[str] | None = None) -> str:
    """The language that a reader of `wanted` gets. there: the languages written, to spare asking for them again."""
    known = written(mailing) if there is None else there
    return next((code for code in chain(mailing, wanted) if code in known), mailing.language)


def table(mailing: Mailing, wanted: Iterable[str]) -> dict[str, str]:
    """`language_for` of many at once: contacts' language to the text's. One query."""
    there = written(mailing)
    return {code: language_for(mailing, code, there) for code in wanted}


# --- do they say the same? ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a text falls short of the main language's. what: subject, preheader, missing, extra, untranslated, problem.

    block: the id of the block, "" for what stands above the blocks.
    """

    language: str
    what: str
    block: str
    message: str

    def __str__(self) -> str:
        return f"{language_name(self.language)}: {self.message}"


def gaps(mailing: Mailing, known: Collection[str] | None = None) -> list[Gap]:
    """Everything that is missing or still in the main language in the mailing's texts; empty when all are complete."""
    texts = {text.language: text for text in mailing.texts.order_by("language")}
    main = texts.get(mailing.language)
    if main is None:
        message = gettext("The main language has no text.")
        return [Gap(mailing.language, "missing", "", message)]
    found = list(_own(main, known))
    for code, text in texts.items():
        if code != mailing.language:
            found += [*_own(text, known), *_beside(main, text)]
    return found


def _own(text: MailingText, known: Collection[str] | None) -> Iterator[Gap]:
    if not text.subject.strip():
        yield Gap(text.language, "subject", "", gettext("The subject is empty."))
    if not text.blocks:
        yield Gap(text.language, "missing", "", gettext("There is no block yet."))
    for problem in blocks.problems(text.blocks, known):
        yield Gap(text.language, "problem", problem.block, str(problem))


def _beside(main: MailingText, text: MailingText) -> Iterator[Gap]:
    if main.preheader.strip() and not text.preheader.strip():
        yield Gap(text.language, "preheader", "", gettext("The preview line is empty."))
    if _same(main.subject, text.subject):
        yield Gap(text.language, "untranslated", "", gettext("The subject is still in the main language."))
    ours, theirs = _by_id(text.blocks), _by_id(main.blocks)
    for number, (key, block) in enumerate(theirs.items(), 1):
        names = {"number": number, "kind": blocks.KINDS[block["kind"]].label}
        if key not in ours:
            yield Gap(
                text.language, "missing", key, gettext("Block %(number)d (%(kind)s) is missing.") % names
            )
        elif any(_same(one, other) for one, other in zip(_said(block), _said(ours[key]), strict=False)):
            message = gettext("Block %(number)d (%(kind)s) is still in the main language.") % names
            yield Gap(text.language, "untranslated", key, message)
        elif block.get("shown_to") != ours[key].get("shown_to"):
            message = gettext("Block %(number)d (%(kind)s) is shown to other people.") % names
            yield Gap(text.language, "condition", key, message)
    for key in ours.keys() - theirs.keys():
        yield Gap(
            text.language, "extra", key, gettext("There is a block that the main language does not have.")
        )


def _by_id(data: Any) -> dict[str, Mapping[str, Any]]:
    return {block["id"]: block for block in blocks.clean(data)}


_PROSE = {"line", "rich", "inline"}
_NEVER_SAME = 12  # characters from which on two texts are not the same by chance


def _said(block: Mapping[str, Any]) -> Sequence[str]:
    kind = blocks.KINDS[block["kind"]]
    found = [rich.words(block[one.name]) for one in kind.fields if one.input in _PROSE]
    for one in kind.fields:
        if one.input == "items":
            found.append(" ".join(rich.words(item) for item in block[one.name]))
        elif one.input == "blocks":
            found.append(" ".join(words for inside in block[one.name] for words in _said(inside)))
    return found


def _same(one: str, other: str) -> bool:
    return one == other and len(one.strip()) >= _NEVER_SAME
