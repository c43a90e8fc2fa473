"""The words: subject, preview line and blocks in every language, nothing left over from the layout."""

from __future__ import annotations

from collections.abc import Iterator

from contacts.naming import language_name
from mailer.mailings.audience import AudienceCount
from mailer.models import Mailing, MailingText
from mailer.preflight.findings import ERROR, OK, WARNING, Finding
from mailer.writing import languages

GROUP = "texts"


def check(mailing: Mailing, texts: list[MailingText], count: AudienceCount | None) -> list[Finding]:
    """What is missing or not changed yet, and who reads another language than their own."""
    if not texts:
        return [Finding(ERROR, "no_text", GROUP)]
    found = [_of_gap(gap) for gap in languages.gaps(mailing)]
    found += _preview_lines(mailing, texts)
    if not found:
        found.append(Finding(OK, "texts_ok", GROUP))
    if count is not None:
        found += _without_their_language(mailing, count)
    return found


def _of_gap(gap: languages.Gap) -> Finding:
    """A gap keeps the mailing from being sent where readers of a language would get half a mail."""
    is_wrong = gap.what in {"problem", "subject"} or (gap.what == "missing" and not gap.block)
    level = ERROR if is_wrong else WARNING
    return Finding(
        level, "gap", GROUP, {"why": gap.message}, gap.block, gap.language, about=f"{gap.what}{gap.block}"
    )


def _preview_lines(mailing: Mailing, texts: list[MailingText]) -> Iterator[Finding]:
    main = next((text for text in texts if text.language == mailing.language), None)
    if main is not None and not main.preheader.strip():  # the other languages are compared with it by `gaps`
        yield Finding(WARNING, "no_preheader", GROUP, language=main.language)


def _without_their_language(mailing: Mailing, count: AudienceCount) -> Iterator[Finding]:
    """Languages of the audience for which another one has to do, the most read first."""
    gets = languages.table(mailing, count.by_language)
    for code, people in sorted(count.by_language.items(), key=lambda one: -one[1]):
        if code and gets[code].partition("-")[0] != code.partition("-")[0]:
            values = {
                "people": people,
                "count": people,
                "name": language_name(code),
                "instead": language_name(gets[code]),
            }
            yield Finding(WARNING, "without_language", GROUP, values, about=code)
