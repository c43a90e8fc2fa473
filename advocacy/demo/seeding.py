"""Put the demo into the database: what is missing is created, what is there is left as people made it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.models import User
from advocacy import letters, rules, targets, writing
from advocacy.demo import history, home, newsletters
from advocacy.models import (
    Area,
    Campaign,
    CampaignText,
    ContactRoute,
    Legislature,
    LetterTemplate,
    Mandate,
    Person,
    Postcode,
    TargetRule,
)
from contacts import addresses
from contacts.models import MailingList
from mailer import sending
from mailer.models import Delivery

FOLDER = Path(__file__).parent
CAMPAIGNS = ("common-bonds", "keep-line-42")
SOURCE = "demo"
AS_OF = dt.date(2026, 11, 1)
LOGIN = PASSWORD = "demo"  # noqa: S105 (printed by `make run`, and only ever there)

# The same loader in C where libyaml is there: every start reads these files.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seeded:
    """What one call created; all zero when the demo was complete."""

    campaigns: int
    people: int
    newsletters: int
    staff: int


@transaction.atomic
def seed(*, with_a_past: bool = False) -> Seeded:
    """Create what the demo lacks. Safe to repeat: whatever has been edited since stays as it was edited.

    A parliament or a campaign that exists is left alone as a whole, so a person or template taken away by hand
    does not come back. with_a_past: letters of the last weeks too, which nobody wrote. Raises ImproperlyConfigured
    in production.
    """
    if settings.PRODUCTION:
        raise ImproperlyConfigured(
            "The demo has a login that everybody knows: it is never put into production."
        )
    return Seeded(
        people=sum(_seed_people(path) for path in sorted((FOLDER / "representatives").glob("*.yaml"))),
        campaigns=sum(_seed_campaign(FOLDER / name, with_a_past=with_a_past) for name in CAMPAIGNS),
        newsletters=_seed_newsletter(FOLDER / "newsletter"),
        staff=_seed_staff(),
    )


def read(path: Path) -> Entry:
    """One file of the demo."""
    found: Entry = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
    return found


def languages(folder: Path) -> dict[str, Entry]:
    """What a campaign or a newsletter says, by language."""
    return {
        path.stem: read(path)
        for path in sorted(folder.glob("*.yaml"))
        if path.stem not in {"campaign", "newsletter"}
    }


# --- representatives ------------------------------------------------------------------------------------------------


def _seed_people(path: Path) -> int:
    """The parliaments, places and people of one file; 0 if one of its parliaments is there already."""
    told = read(path)
    country = told["country"]
    if Legislature.objects.filter(
        source=SOURCE, source_id__in=[row["id"] for row in told["legislatures"]]
    ).exists():
        return 0
    houses = {
        house.source_id: house
        for house in Legislature.objects.bulk_create(
            _legislature(country, row) for row in told["legislatures"]
        )
    }
    places = _seed_areas(country, told["areas"])
    rows: list[Entry] = told["people"]
    people = Person.objects.bulk_create(_person(row) for row in rows)
    Mandate.objects.bulk_create(
        _mandate(row, person, houses[row["in"]], places.get(row.get("area", "")))
        for row, person in zip(rows, people, strict=True)
    )
    ContactRoute.objects.bulk_create(
        route for row, person in zip(rows, people, strict=True) for route in _routes(row, person)
    )
    Postcode.objects.bulk_create(
        (
            Postcode(country=country, code=code, area_code=area)
            for code, found in told.get("postcodes", {}).items()
            for area in found
        ),
        ignore_conflicts=True,
    )
    return len(people)


def _seed_areas(country: str, rows: list[Entry]) -> dict[str, Area]:
    """Areas by id. An area's parent stands above it in the file."""
    places: dict[str, Area] = {}
    for row in rows:
        places[row["id"]] = Area.objects.create(
            source=SOURCE,
            source_id=row["id"],
            as_of=AS_OF,
            country=country,
            code=row["code"],
            name=row["name"],
            parent=places[row["parent"]] if "parent" in row else None,
        )
    return places


def _legislature(country: str, row: Entry) -> Legislature:
    return Legislature(
        source=SOURCE,
        source_id=row["id"],
        as_of=AS_OF,
        country=country,
        region=row.get("region", ""),
        name=row["name"],
        native_name=row.get("native_name", ""),
        chamber=row["chamber"],
        level=row.get("level", Legislature.Level.NATIONAL),
        language=row["language"],
        time_zone=row["time_zone"],
        office_opens=dt.time.fromisoformat(row["opens"]),
        office_closes=dt.time.fromisoformat(row["closes"]),
        office_days=row.get("days", "12345"),
    )


def _person(row: Entry) -> Person:
    return Person(
        source=SOURCE,
        source_id=row["id"],
        as_of=AS_OF,
        name=f"{row['given']} {row['family']}",
        native_name=row.get("native", ""),
        sort_name=f"{row['family']}, {row['given']}",
        given_name=row["given"],
        family_name=row["family"],
        honorific=row.get("honorific", ""),
        language=row.get("language", ""),
        refuses_letters=row.get("refuses", False),
    )


def _mandate(row: Entry, person: Person, house: Legislature, area: Area | None) -> Mandate:
    return Mandate(
        source=SOURCE,
        source_id=row["id"],
        as_of=AS_OF,
        person=person,
        legislature=house,
        area=area,
        role=row["role"],
        party=row["party"],
        end_date=row.get("until"),
    )


def _routes(row: Entry, person: Person) -> list[ContactRoute]:
    found = []
    if "email" in row:
        address = addresses.parse(row["email"])
        found.append((ContactRoute.Kind.EMAIL, address.given, address.key))
    if "web_form" in row:
        found.append((ContactRoute.Kind.WEB_FORM, row["web_form"], row["web_form"].partition("://")[2]))
    return [
        ContactRoute(person=person, kind=kind, value=value, value_key=key, source=SOURCE, as_of=AS_OF)
        for kind, value, key in found
    ]


# --- campaigns ------------------------------------------------------------------------------------------------------


def _seed_campaign(folder: Path, *, with_a_past: bool) -> int:
    """A campaign with its texts, templates and rules; 0 if one of its name exists."""
    told = read(folder / "campaign.yaml")
    if Campaign.objects.filter(slug=told["slug"]).exists():
        return 0
    conditions: list[Entry] = told.pop("rules")
    waiting: list[Entry] = told.pop("waiting", [])
    shown: Entry = told.pop("home", {})
    campaign = Campaign(mailing_list=_mailing_list(told.pop("mailing_list")), **told)
    campaign.full_clean()
    campaign.save()
    CampaignText.objects.bulk_create(
        CampaignText(campaign=campaign, language=language, **_trimmed(said["text"]))
        for language, said in languages(folder).items()
    )
    LetterTemplate.objects.bulk_create(
        _template(campaign, language, dict(row))
        for language, said in languages(folder).items()
        for row in said["templates"]
    )
    TargetRule.objects.bulk_create(TargetRule(campaign=campaign, **_match(row)) for row in conditions)
    if shown:
        said = {language: part.get("home", {}) for language, part in languages(folder).items()}
        home.seed_home(campaign, shown, said, folder / "files")
    if with_a_past and "history" in shown:
        history.seed_history(campaign, shown["history"])
    for number, row in enumerate(waiting, start=1):
        _write_and_confirm(campaign, number, row)
    return 1


def _write_and_confirm(campaign: Campaign, number: int, row: Entry) -> None:
    """What a supporter does: write the campaign's letter to some people, and confirm it; without the mail between."""
    language = row["language"]
    ids = {
        person.source_id: person.pk
        for person in Person.objects.filter(source=SOURCE, source_id__in=row["to"])
    }
    candidates = targets.chosen(campaign, row["country"], [ids[source_id] for source_id in row["to"]])
    editors = writing.editors(campaign, candidates, language)
    submission = letters.submit(
        letters.Draft(
            campaign=campaign,
            country=row["country"],
            language=language,
            form_key=f"demo-{campaign.slug}-{number}",
            name=row["name"],
            address=addresses.parse(row["email"]),
            place=row["place"],
            letter_consent_text=campaign.texts.get(language=language).letter_consent,
            letters=[
                (candidate, editor.template, rules.subjects_of(editor.template)[0], editor.template.body)
                for editor in editors
                for candidate in editor.candidates
            ],
        )
    )
    letters.confirm(submission)
    # Nobody clicked a link here: the mail that asks for it is called off, and the ledger says why.
    asked = Delivery.objects.filter(kind=Delivery.Kind.CONFIRMATION, context__submission=submission.pk)
    for delivery in asked:
        sending.cancel(delivery, "the demo confirms this letter itself")


def _mailing_list(told: Entry) -> MailingList:
    found, _created = MailingList.objects.get_or_create(
        slug=told["slug"], defaults={"name": told["name"], "texts": told["texts"], "is_public": True}
    )
    return found


def _template(campaign: Campaign, language: str, row: Entry) -> LetterTemplate:
    conditions = _match(row.pop("match", {}))
    return LetterTemplate(campaign=campaign, language=language, **conditions, **_trimmed(row))


def _match(row: Entry) -> Entry:
    """Conditions as fields of the models; legislatures, areas and people are named by their id in the files."""
    found = dict(row)
    for name, model in (("legislature", Legislature), ("area", Area), ("person", Person)):
        if name in found:
            found[name] = model.objects.get(source=SOURCE, source_id=found[name])
    return found


def _trimmed(row: Entry) -> Entry:
    return {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}


# --- newsletter -----------------------------------------------------------------------------------------------------


def _seed_newsletter(folder: Path) -> int:
    told = read(folder / "newsletter.yaml")
    campaign = Campaign.objects.filter(slug=told["campaign"]).select_related("mailing_list").first()
    if campaign is None or campaign.mailing_list is None:
        return 0
    return newsletters.seed_newsletter(told, languages(folder), campaign.mailing_list)


# --- staff ----------------------------------------------------------------------------------------------------------


def _seed_staff() -> int:
    """An administrator for looking around; 0 if the name is taken, whatever its password is by now."""
    if User.objects.filter(username=LOGIN).exists():
        return 0
    User.objects.create_superuser(LOGIN, email="demo@epistle.example", password=PASSWORD)
    return 1
