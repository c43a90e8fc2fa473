"""From a campaign's templates and a supporter's words to the letter as the representative reads it.

Pure but for reading the templates. Merge fields are a closed look-up; braces a supporter typed that are no field
of ours stay braces (hostile case s-004).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from advocacy import rules
from advocacy.models import Campaign, LetterTemplate
from advocacy.targets import Candidate, country_name
from mailer import composing

FIELDS = frozenset(
    {
        "title",
        "name",
        "given_name",
        "family_name",
        "honorific",
        "role",
        "legislature",
        "area",
        "party",
        "country",
        "supporter_name",
        "supporter_place",
    }
)
_WORD = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Editor:
    """What one supporter edits at once: one template, for all the people it is meant for.

    The texts are filled for a single person; for several, fields such as the area stay as braces and are filled
    for each of them later (`has_fields`). Opening and closing are shown locked.
    """

    template: LetterTemplate
    candidates: list[Candidate]
    salutations: list[str]
    subjects: list[str]
    opening: str
    body: str
    closing: str
    has_fields: bool

    @property
    def key(self) -> str:
        """Names the editor in a form."""
        return f"t{self.template.pk}"


@dataclass(frozen=True, slots=True)
class Composed:
    """A letter, ready to be frozen. `own_words` is the share of words that are not the template's, in percent."""

    subject: str
    body: str
    own_words: int


def template_for(campaign: Campaign, candidate: Candidate, language: str) -> LetterTemplate | None:
    """The template of a letter to `candidate` by a supporter who reads the page in `language`; None if none fits.

    The representative's language decides, if a template that matches has it; then the supporter's; then the
    campaign's main one. Of those in the language the first that matches is taken, by priority; templates without
    conditions are the default and come last.
    """
    matching = [template for template in _templates(campaign) if _matches(template, candidate)]
    wanted = (
        candidate.person.language or candidate.legislature.language,
        language,
        campaign.default_language,
    )
    for choice in wanted:
        for same in (_same_language, _same_base):
            found = next((template for template in matching if same(template.language, choice)), None)
            if found is not None:
                return found
    return None


def editors(campaign: Campaign, candidates: Sequence[Candidate], language: str) -> list[Editor]:
    """One editor for each template that the chosen people need, in the order they were chosen.

    People for whom the campaign has no words at all are left out: there is nothing to send them.
    """
    groups: dict[int, tuple[LetterTemplate, list[Candidate]]] = {}
    for candidate in candidates:
        template = template_for(campaign, candidate, language)
        if template is not None:
            groups.setdefault(template.pk, (template, []))[1].append(candidate)
    return [_editor(template, people) for template, people in groups.values()]


def compose(
    template: LetterTemplate, candidate: Candidate, *, subject: str, body: str, name: str, place: str
) -> Composed:
    """The letter to one person: salutation, opening, the supporter's words, closing, name and place, footer.

    All texts must have passed `rules`. Name and place are added where the closing does not hold them, so that every
    letter says who wrote it and from where.
    """
    fields = fields_of(candidate, template.language) | {"supporter_name": name, "supporter_place": place}
    own = body if template.body_editable else template.body
    parts = [
        composing.fill(template.salutation, fields, keep_unknown=True),
        composing.fill(template.opening, fields, keep_unknown=True),
        composing.fill(own, fields, keep_unknown=True),
        composing.fill(template.closing, fields, keep_unknown=True),
        _signature(template.closing, name, place),
        footer(template, name),
    ]
    text = composing.tidy("\n\n".join(part.strip("\n") for part in parts if part.strip()))
    filled = composing.fill(template.body, fields, keep_unknown=True)
    return Composed(
        subject=" ".join(composing.fill(subject, fields, keep_unknown=True).split()),
        body=text,
        own_words=own_words(composing.fill(own, fields, keep_unknown=True), filled),
    )


def fields_of(candidate: Candidate, language: str) -> dict[str, str]:
    """The merge fields that the representative fills, in the language of the letter.

    A letter in the representative's own language calls people and houses as that language writes them.
    """
    person, legislature = candidate.person, candidate.legislature
    own = _same_base(language, person.language or legislature.language)
    return {
        "title": person.honorific or candidate.mandate.role,
        "name": (own and person.native_name) or person.name,
        "given_name": person.given_name,
        "family_name": person.family_name or person.name,
        "honorific": person.honorific,
        "role": candidate.mandate.role,
        "legislature": legislature.name_in(language),
        "area": candidate.area.name if candidate.area else "",
        "party": candidate.mandate.party,
        "country": country_name(legislature.country, language),
    }


def footer(template: LetterTemplate, name: str) -> str:
    """The line that says who stands behind the letter (A7), in the language of the letter.

    The link to report misuse is a secret of the letter: it is filled in at the door, see `mails.letter`.
    """
    with translation.override(template.language):
        return "--\n" + _(
            "%(name)s wrote to you through “%(campaign)s”. The writer's mailbox was confirmed before this letter left."
        ) % {"name": name, "campaign": template.campaign.sender_name}


def own_words(text: str, template_text: str) -> int:
    """The share of words in `text` that are not words of the template, in percent, 0 to 100.

    Words are counted, not places: moving or deleting a sentence of the template is no word of one's own. Linear in
    the length of the text.
    """
    words = Counter(word.casefold() for word in _WORD.findall(text))
    if not words:
        return 0
    own = words - Counter(word.casefold() for word in _WORD.findall(template_text))
    return round(100 * own.total() / words.total())


def _templates(campaign: Campaign) -> list[LetterTemplate]:
    """Those with conditions by priority, then the defaults by priority."""
    return sorted(
        campaign.templates.all(),
        key=lambda template: (not _conditions(template), template.priority, template.pk),
    )


def _conditions(template: LetterTemplate) -> bool:
    return any(
        (
            template.country,
            template.legislature_id,
            template.chamber,
            template.party,
            template.role,
            template.area_id,
        )
    )


def _matches(template: LetterTemplate, candidate: Candidate) -> bool:
    mandate, legislature = candidate.mandate, candidate.legislature
    return (
        template.country in {"", legislature.country}
        and template.legislature_id in {None, legislature.pk}
        and template.chamber in {"", legislature.chamber}
        and (not template.party or template.party.casefold() == mandate.party.casefold())
        and (not template.role or template.role.casefold() == mandate.role.casefold())
        and (template.area_id is None or template.area_id in _areas_around(candidate))
    )


def _areas_around(candidate: Candidate) -> set[int]:
    """The candidate's area and those it lies in."""
    found, area = set(), candidate.area
    while area is not None and area.pk not in found:
        found.add(area.pk)
        area = area.parent
    return found


def _same_language(one: str, other: str) -> bool:
    return bool(other) and one.casefold() == other.casefold()


def _same_base(one: str, other: str) -> bool:
    return bool(other) and one.split("-")[0].casefold() == other.split("-")[0].casefold()


def _editor(template: LetterTemplate, people: list[Candidate]) -> Editor:
    single = people[0] if len(people) == 1 else None

    def shown(text: str) -> str:
        return composing.fill(text, _known(single, template.language), keep_unknown=True) if single else text

    body = shown(template.body)
    subjects = [shown(subject) for subject in rules.subjects_of(template)]
    return Editor(
        template=template,
        candidates=people,
        salutations=[
            composing.fill(template.salutation, fields_of(person, template.language), keep_unknown=True)
            for person in people
        ],
        subjects=subjects,
        opening=shown(template.opening),
        body=body,
        closing=shown(template.closing),
        has_fields=any(composing.fields_in(text) & FIELDS for text in (body, *subjects)),
    )


def _known(candidate: Candidate, language: str) -> Mapping[str, str]:
    """The fields that are known before the supporter has given a name."""
    return fields_of(candidate, language)


def _signature(closing: str, name: str, place: str) -> str:
    held = composing.fields_in(closing)
    lines = [
        value
        for field, value in (("supporter_name", name), ("supporter_place", place))
        if field not in held and value
    ]
    return "\n".join(lines)
