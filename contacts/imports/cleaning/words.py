"""The closed lists of words by which a row says what became of it. The pages put them into people's languages."""

from __future__ import annotations

# Why a row was rejected: `ImportRow.reason`.
REASONS = (
    "missing",
    "invalid",
    "multiple",
    "column_count",
    "too_long",
    "control_character",
    "undecodable",
    "unclosed_quote",
)

# What a created row is worth a look for: `ImportRow.warnings`.
WARNINGS = (
    "control_character",  # taken out of the text
    "line_break",  # in a name; made a blank
    "looks_garbled",  # UTF-8 read as something else, before it came to us
    "letters_lost",  # ? or a replacement character in the place of a letter
    "html_entities",
    "unknown_country",
    "unknown_language",
    "unknown_time_zone",
    "unknown_status",  # such a person is not mailed
    "unclear_consent",  # such a person is not mailed
    "not_a_date",
    "ambiguous_date",  # 01/02/2023, and nobody said which is the month
    "not_a_number",
    "not_yes_or_no",
    "broken_attributes",  # no JSON object, or more than we take
    "too_many_tags",
)


class Rejected(Exception):  # noqa: N818 — what became of the row
    """The row is not imported; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
