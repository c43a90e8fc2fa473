"""What a country tells of its legislatures: language, time zone, office days; and the codes areas share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from babel.core import Locale, UnknownLocaleError, get_global
from babel.languages import get_official_languages

from advocacy.representatives.records import MAX_BODY_ID, AreaRecord, LegislatureRecord, identity

# Where the legislature sits, for countries with several zones (CLDR gives the zones, not the seat).
_SEATS = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "EU": "Europe/Brussels",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PG": "Pacific/Port_Moresby",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}

# Postal code to name and to the zone of the capital.
_EASTERN, _CENTRAL, _MOUNTAIN, _PACIFIC = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
US_STATES: dict[str, tuple[str, str]] = {
    "AL": ("Alabama", _CENTRAL),
    "AK": ("Alaska", "America/Juneau"),
    "AZ": ("Arizona", "America/Phoenix"),
    "AR": ("Arkansas", _CENTRAL),
    "CA": ("California", _PACIFIC),
    "CO": ("Colorado", _MOUNTAIN),
    "CT": ("Connecticut", _EASTERN),
    "DE": ("Delaware", _EASTERN),
    "DC": ("District of Columbia", _EASTERN),
    "FL": ("Florida", _EASTERN),
    "GA": ("Georgia", _EASTERN),
    "HI": ("Hawaii", "Pacific/Honolulu"),
    "ID": ("Idaho", "America/Boise"),
    "IL": ("Illinois", _CENTRAL),
    "IN": ("Indiana", "America/Indiana/Indianapolis"),
    "IA": ("Iowa", _CENTRAL),
    "KS": ("Kansas", _CENTRAL),
    "KY": ("Kentucky", _EASTERN),
    "LA": ("Louisiana", _CENTRAL),
    "ME": ("Maine", _EASTERN),
    "MD": ("Maryland", _EASTERN),
    "MA": ("Massachusetts", _EASTERN),
    "MI": ("Michigan", "America/Detroit"),
    "MN": ("Minnesota", _CENTRAL),
    "MS": ("Mississippi", _CENTRAL),
    "MO": ("Missouri", _CENTRAL),
    "MT": ("Montana", _MOUNTAIN),
    "NE": ("Nebraska", _CENTRAL),
    "NV": ("Nevada", _PACIFIC),
    "NH": ("New Hampshire", _EASTERN),
    "NJ": ("New Jersey", _EASTERN),
    "NM": ("New Mexico", _MOUNTAIN),
    "NY": ("New York", _EASTERN),
    "NC": ("North Carolina", _EASTERN),
    "ND": ("North Dakota", _CENTRAL),
    "OH": ("Ohio", _EASTERN),
    "OK": ("Oklahoma", _CENTRAL),
    "OR": ("Oregon", _PACIFIC),
    "PA": ("Pennsylvania", _EASTERN),
    "RI": ("Rhode Island", _EASTERN),
    "SC": ("South Carolina", _EASTERN),
    "SD": ("South Dakota", _CENTRAL),
    "TN": ("Tennessee", _CENTRAL),
    "TX": ("Texas", _CENTRAL),
    "UT": ("Utah", _MOUNTAIN),
    "VT": ("Vermont", _EASTERN),
    "VA": ("Virginia", _EASTERN),
    "WA": ("Washington", _PACIFIC),
    "WV": ("West Virginia", _EASTERN),
    "WI": ("Wisconsin", _CENTRAL),
    "WY": ("Wyoming", _MOUNTAIN),
    "AS": ("American Samoa", "Pacific/Pago_Pago"),
    "GU": ("Guam", "Pacific/Guam"),
    "MP": ("Northern Mariana Islands", "Pacific/Saipan"),
    "PR": ("Puerto Rico", "America/Puerto_Rico"),
    "VI": ("U.S. Virgin Islands", "America/St_Thomas"),
}
STATE_BY_NAME = {name: code for code, (name, _zone) in US_STATES.items()}

# Words that name an upper or a lower chamber. A legislature of any other name counts as the only one, unless
# it is listed below, because the open sets do not say whether there is a second chamber.
_UPPER = re.compile(
    r"\b(senate|s[ée]nat|senado|senato|house of lords|council of states|rajya sabha|bundesrat|dewan negara|"
    r"legislative council of the states|house of councillors|house of elders)\b",
    re.IGNORECASE,
)
_LOWER = re.compile(
    r"\b(house of commons|house of representatives|house of the people|lok sabha|bundestag|dewan rakyat|"
    r"congress of deputies|chamber of deputies|dáil|sejm|tweede kamer|national council)\b",
    re.IGNORECASE,
)
_LOWER_BY_ID = {"kh/national-assembly", "bs/house-of-assembly"}


@dataclass(frozen=True, slots=True)
class Customs:
    language: str
    time_zone: str
    office_days: str


@cache
def is_country(code: str) -> bool:
    """Whether CLDR knows a country of this code; EU counts, for the European Parliament. XX and ZZ are none."""
    return (
        len(code) == 2
        and code not in {"ZZ", "XA", "XB", "QO", "UN", "EZ"}
        and code in Locale("en").territories
    )


def customs(country: str, region: str = "") -> Customs:
    """Language, time zone and office days of a country, each only where CLDR leaves no doubt."""
    return Customs(_language(country, region), _zone(country, region), _office_days(country))


def _language(country: str, region: str) -> str:
    speakers = get_global("territory_languages").get(country, {})
    official = [code for code in get_official_languages(country, de_facto=True) if code != "no"]
    if len(official) == 1:
        return official[0]
    if not official or region:  # a part of a country may well speak the country's other language
        return ""
    first, second = (speakers[code]["population_percent"] for code in official[:2])
    return official[0] if first >= 80 and second <= 25 else ""


def _zone(country: str, region: str) -> str:
    if region.startswith("US-") and region[3:5] in US_STATES:
        return US_STATES[region[3:5]][1]
    if country in _SEATS:
        return _SEATS[country]
    zones = [zone for zone, territory in get_global("zone_territories").items() if territory == country]
    return zones[0] if len(zones) == 1 else "UTC"


def _office_days(country: str) -> str:
    try:
        locale = Locale.parse(f"und_{country}")
    except (UnknownLocaleError, ValueError):
        return "12345"
    first, last = locale.weekend_start, locale.weekend_end
    off = {first, last} if first <= last else {first, last, 6, 0}
    return "".join(str(number + 1) for number in range(7) if number not in off)


def legislature(
    name: str, *, country: str, region: str = "", chamber: str = "", level: str = "", source_id: str = ""
) -> LegislatureRecord:
    """A legislature with what its country tells; chamber and level guessed from name and region if not given."""
    source_id = source_id or identity(region or country, name, limit=MAX_BODY_ID)
    found = customs(country, region)
    return LegislatureRecord(
        source_id=source_id,
        country=country,
        region=region,
        name=name,
        chamber=chamber or chamber_of(name, source_id),
        level=level or ("regional" if region else "national"),
        language=found.language,
        time_zone=found.time_zone,
        office_days=found.office_days,
    )


def chamber_of(name: str, source_id: str = "") -> str:
    if _UPPER.search(name):
        return "upper"
    return "lower" if _LOWER.search(name) or source_id in _LOWER_BY_ID else "single"


@cache
def us_state(code: str) -> AreaRecord:
    """The state as an area. Raises KeyError for a code that is no state, district or territory."""
    return AreaRecord(f"US-{code}", "US", US_STATES[code][0], f"US-{code}", shared=True)


@cache
def us_congressional(state: str, district: int) -> AreaRecord:
    """A district of the House of Representatives; 0 is an at-large seat (and a delegate's, 98 in some sets)."""
    parent = us_state(state)
    number = 0 if district >= 98 else district
    name = f"{parent.name}, district {number}" if number else f"{parent.name}, at large"
    code = f"US-{state}-{number}"
    return AreaRecord(code, "US", name, code, parent, shared=True)


def us_district_code(text: str) -> AreaRecord | None:
    """The area of "NJ-3", "AK-AL", "New Jersey" (a senator's) and of an OCD division of the United States."""
    if text in STATE_BY_NAME:
        return us_state(STATE_BY_NAME[text])
    if match := re.fullmatch(r"([A-Z]{2})-(AL|\d{1,2})", text):
        state, number = match.groups()
        if state in US_STATES:
            return us_congressional(state, 0 if number == "AL" else int(number))
    if match := re.fullmatch(
        r"ocd-division/country:us/(?:state|district|territory):([a-z]{2})(?:/cd:(\d+))?", text
    ):
        state = match[1].upper()
        if state in US_STATES:
            return us_congressional(state, int(match[2])) if match[2] else us_state(state)
    return None


def shared_area(country: str, code: str, name: str = "") -> AreaRecord:
    """An area known by a code that several sources share, for example a postcode file and a list of members."""
    if country == "US" and re.fullmatch(r"US-[A-Z]{2}(-\d{1,2})?", code):
        found = us_district_code(code.removeprefix("US-")) if code.count("-") == 2 else None
        if found or code[3:] in US_STATES:
            return found or us_state(code[3:])
    source_id = code if code.startswith(f"{country}-") else f"{country}:{code}"
    return AreaRecord(source_id, country, name or code, code, shared=True)


@cache
def country_names() -> dict[str, str]:
    """Country code by English name as open sets spell folders ("United States of America")."""
    names = {
        re.sub(r"[^a-z]+", " ", name.lower()).strip(): code
        for code, name in Locale("en").territories.items()
        if len(code) == 2 and code.isalpha() and code not in {"EU", "UN", "EZ", "XA", "XB", "ZZ"}
    }
    return names | {"uk": "GB", "united states of america": "US", "european union": "EU", "pitcairn": "PN"}


def country_of(text: str) -> str:
    """The code of a country's English name; "" if it is not one."""
    return country_names().get(re.sub(r"[^a-z]+", " ", text.lower()).strip(), "")
