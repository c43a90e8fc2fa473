"""Take a contact field apart: what can be used, and what cannot, piece by piece, each with a reason.

Nothing is guessed: a broken address is reported and never repaired, because the repaired one may be somebody
else's. What is undone is only what software added: `mailto:`, list separators, a doubled first letter of
`https`, addresses glued together where the seam is certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from advocacy.representatives.records import RouteRecord, line
from contacts import addresses

EMAIL, WEB_FORM, PHONE = "email", "web_form", "phone"
MAX_FIELD = 2_000
MAX_PIECES = 20
_PLACEHOLDERS = frozenset(
    [
        "-",
        "--",
        "---",
        "_",
        "__",
        "___",
        ".",
        "..",
        "?",
        "n/a",
        "na",
        "none",
        "nil",
        "null",
        "no",
        "tbd",
        "tba",
        "unknown",
        "има",
        "няма",
        "нема",
        "нет",
    ]
) | {"no tiene", "no email", "(view map)", "not available"}
# Seams are looked for after these endings only: a two-letter one could as well begin the next address, and so
# could those that begin a longer ending (.community, .network).
_ENDINGS = re.compile(
    r"\.(?:com(?!munity|pany|pare|puter|mbank|sec)|org(?!anic)|net(?!work|flix|bank)|gov|edu|mil|int(?!ernational|uit)|info)"
    r"(?=[a-z0-9][^.]*$)",
    re.IGNORECASE,
)
_WEB = re.compile(r"h{1,3}ttps?://|www\.", re.IGNORECASE)
_HARD = re.compile(r"[;\n\r|]+")
_SOFT = re.compile(r"\s*,\s*|\s*/\s+|\s+/\s*|\s+or\s+|\s+and\s+|\s+", re.IGNORECASE)
_SOCIAL = ("twitter.com", "x.com", "facebook.com", "instagram.com", "youtube.com", "linkedin.com", "t.me")


@dataclass(slots=True)
class TakenApart:
    routes: list[RouteRecord] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)  # the piece, and why
    repaired: bool = False

    def add(self, route: RouteRecord) -> None:
        if (route.kind, route.key) not in {(known.kind, known.key) for known in self.routes}:
            self.routes.append(route)


def take_apart(text: str) -> TakenApart:
    """The routes in an e-mail field: addresses, and web forms where a web address stands instead."""
    found = TakenApart()
    if len(text) > MAX_FIELD:
        found.rejected.append((text[:80], _("The field is too long to be addresses.")))
        return found
    pieces = _pieces(text)
    for piece in pieces[:MAX_PIECES]:
        _take(piece, found)
    found.rejected += [(piece, _("Too many pieces in one field.")) for piece in pieces[MAX_PIECES:]]
    return found


def web_form(text: str) -> TakenApart:
    """The web form in a field that should hold a web address."""
    found = TakenApart()
    if line(text, MAX_FIELD):
        _take_web(line(text, MAX_FIELD), found)
    return found


def phone(text: str) -> TakenApart:
    """The telephone number in a field, kept as it is written ("local nos. 5801 to 5804")."""
    found = TakenApart()
    number = line(text, MAX_FIELD)
    key = "".join(character for character in number.casefold() if character.isalnum())
    if not number:
        return found
    if sum(character.isdigit() for character in number) < 3:
        found.rejected.append((number, _("There is no telephone number in it.")))
    elif len(number) > 120:
        found.rejected.append((number, _("It is too long to be a telephone number.")))
    else:
        found.add(RouteRecord(PHONE, number, key))
    return found


def single(kind: str, value: str) -> RouteRecord:
    """The one route somebody typed, with the key by which it is found again. Raises ValidationError."""
    take = {EMAIL: take_apart, WEB_FORM: web_form, PHONE: phone}[kind]
    found = take(value)
    if len(found.routes) != 1 or found.rejected or found.routes[0].kind != kind:
        raise ValidationError(
            found.rejected[0][1] if found.rejected else _("Please enter one of the kind chosen.")
        )
    return found.routes[0]


def _pieces(text: str) -> list[str]:
    text = re.sub(r"(?i)mailto:", ";", text.replace("\u00a0", " ")).strip()
    if _WEB.match(text) and not re.search(r"\s", text):
        return [text]
    pieces: list[str] = []
    for chunk in _HARD.split(text):
        parts = [part for part in _SOFT.split(chunk) if part]
        # A comma or blank is a separator only where whole addresses stand on both sides of it:
        # `Sam, Jr.@parliament.example` is one broken address, not an address of Jr.
        if len(parts) > 1 and all("@" in part[1:-1] or _WEB.match(part) for part in parts):
            pieces += parts
        else:
            pieces.append(chunk.strip().strip(",").strip())
    return [apart for piece in pieces if piece for apart in _unglue(piece)]


def _unglue(piece: str) -> list[str]:
    """Two addresses without anything between them, where it is certain that one ends and the other begins."""
    web = _WEB.search(piece)
    if web and web.start() and "@" in piece[: web.start()]:
        return [piece[: web.start()], piece[web.start() :]]
    if piece.count("@") < 2 or web:
        return [piece]
    first, middle, rest = piece.split("@", 2)
    last = rest.partition("@")[0].lower()
    if middle.lower().startswith(last) and len(middle) > len(last) and middle[len(last)] != ".":
        seam = len(last)
    else:
        seams = [match.end() for match in _ENDINGS.finditer(middle)]
        if len(seams) != 1:
            return [piece]
        seam = seams[0]
    return [f"{first}@{middle[:seam]}", *_unglue(f"{middle[seam:]}@{rest}")]


def _take(piece: str, found: TakenApart) -> None:
    if piece.casefold() in _PLACEHOLDERS or len(piece) < 3:
        found.rejected.append((piece, _("A placeholder, not an address.")))
    elif _WEB.match(piece):
        _take_web(piece, found)
    elif "@" not in piece:
        found.rejected.append((piece, _("There is no @ in it.")))
    elif piece.count("@") > 1:
        found.rejected.append((piece, _("Several addresses run together; it is not certain where one ends.")))
    else:
        try:
            address = addresses.parse(piece)
        except ValidationError:
            found.rejected.append((piece, _("This is not a valid e-mail address.")))
        else:
            found.add(RouteRecord(EMAIL, address.given, address.key))


def _take_web(piece: str, found: TakenApart) -> None:
    repaired = re.sub(r"(?i)^h+(?=ttps?://)", "h", piece)
    url = repaired if "://" in repaired[:8] else f"https://{repaired}"
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        valid = parts.scheme.lower() in {"http", "https"} and "." in host.strip(".") and not parts.username
    except ValueError:
        valid, host = False, ""
    if not valid or re.search(r"[\s<>\"]", url) or len(url) > 500:
        found.rejected.append((piece, _("This is not a valid web address.")))
    elif any(host == site or host.endswith(f".{site}") for site in _SOCIAL):
        found.rejected.append((piece, _("A page of a social network, not a contact form.")))
    else:
        found.repaired = found.repaired or repaired != piece
        rest = url.split("://", 1)[1]
        key = host + rest[len(parts.netloc) :].rstrip("/")
        found.add(RouteRecord(WEB_FORM, url, key))
