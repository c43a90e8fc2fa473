"""From texts to mails: merge fields, MJML to HTML, plain text. Pure functions, no database, no network."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import mjml
from django.core.exceptions import ValidationError
from django.template import Context, Template
from django.template.loader import get_template
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from contacts.naming import direction

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*(?:\|([^{}|]*))?\}\}")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BLANK_LINES = re.compile(r"\n{3,}")


class MergeError(ValueError):
    """A text names a field that its kind of mail does not have."""


def fill(text: str, fields: Mapping[str, str], *, html: bool = False, keep_unknown: bool = False) -> str:
    """`text` with each `{{ name | fallback }}` replaced from `fields`; an empty value takes the fallback.

    A look-up in a closed list, never a template engine: `{{ 6*7 }}` is no field and stays as it is
    (CVE-2025-49136 shows why). With `html` the values are escaped. Raises MergeError for an unknown name,
    unless `keep_unknown`: then it stays as it is, since a supporter may write braces and mean braces.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            if keep_unknown:
                return match[0]
            raise MergeError(f"unknown merge field: {name}")
        value = fields[name] or (match[2] or "").strip()
        return escape(value) if html else value

    return _FIELD.sub(value_of, text)


def fill_slots(text: str, slots: Mapping[str, str], *, html: bool = False) -> str:
    """`text` with the slots of the door (links that hold secrets) filled; all other braces stay as they are."""

    def value_of(match: re.Match[str]) -> str:
        value = slots.get(match[1])
        if value is None:
            return match[0]
        return escape(value) if html else value

    return _FIELD.sub(value_of, text)


def fields_in(text: str) -> set[str]:
    """The names of the merge fields in `text`."""
    return {match[1] for match in _FIELD.finditer(text)}


def fields_as_written(text: str) -> dict[str, list[str]]:
    """The merge fields in `text` by name, each as it stands there with its braces and fallback, in order."""
    found: dict[str, list[str]] = {}
    for match in _FIELD.finditer(text):
        found.setdefault(match[1], []).append(match[0])
    return found


def check_fields(text: str, known: Collection[str]) -> None:
    """Raise ValidationError naming every merge field of `text` that is not in `known`, and braces that are none."""
    unknown = sorted(fields_in(text) - set(known))
    unknown += [found for found in _BRACES.findall(text) if not _FIELD.fullmatch(found)]
    if unknown:
        raise ValidationError(
            _("Unknown merge field: %(unknown)s. Known fields: %(known)s."),
            code="unknown_field",
            params={"unknown": ", ".join(unknown), "known": ", ".join(sorted(known))},
        )


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail of ours, ready to be stored as a message. `html` may be empty."""

    subject: str
    text: str
    html: str


def render_mail(mail: str, context: Mapping[str, Any], language: str) -> Rendered:
    """The mail `templates/email/<mail>/` in one language.

    `subject.txt` and `body.txt` are plain text, `body.mjml` is compiled to HTML. The templates are ours;
    what editors and supporters wrote comes in as values and is escaped. Slots such as `{{ link }}` are left
    in place for the door. Raises TemplateDoesNotExist for an unknown mail.
    """
    with translation.override(language):
        values = {**context, "language": language, "direction": direction_of(language)}
        subject = " ".join(_plain(f"email/{mail}/subject.txt", values).split())
        text = tidy(_plain(f"email/{mail}/body.txt", values))
        html = compile_mjml(get_template(f"email/{mail}/body.mjml").render(values))
    return Rendered(subject, text, html)


def _plain(name: str, values: Mapping[str, Any]) -> str:
    template: Template = get_template(name).template  # type: ignore[attr-defined]
    return template.render(Context(dict(values), autoescape=False))


def compile_mjml(source: str) -> str:
    """MJML to HTML without a third party's font or picture. Raises ValueError where the source is broken.

    Only for our own templates: what an author wrote is compiled in a child process with limits.
    """
    return mjml.mjml2html(source.strip(), fonts={}, disable_comments=False)


def tidy(text: str) -> str:
    """Plain text as a person would leave it: no trailing blanks, no run of empty lines, one line end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n") + "\n"


def html_twin(text: str, language: str) -> str:
    """A minimal HTML part that says exactly what `text` says: paragraphs and line breaks, nothing else."""
    paragraphs = "".join(
        f"<p>{escape(paragraph).replace(chr(10), '<br>' + chr(10))}</p>\n"
        for paragraph in re.split(r"\n{2,}", text.strip("\n"))
    )
    return (
        f'<!doctype html>\n<html lang="{escape(language or "und")}" dir="{direction_of(language)}">\n'
        f'<head><meta charset="utf-8"></head>\n<body>\n{paragraphs}</body>\n</html>\n'
    )


def direction_of(language: str) -> str:
    """`rtl` or `ltr`, for a language we know or not."""
    return direction(language)
