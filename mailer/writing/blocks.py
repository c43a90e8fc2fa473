"""What the text of a mailing may consist of: a closed list of kinds, each with its fields, kept as plain data.

A block is `{"id": "a1", "kind": "button", "text": "Write to them", "url": "https://…", "shown_to": {…}}`. `KINDS` is the
only place that names kinds and fields: the editor's forms, the check and the rendering all come from it.

A draft may be unfinished: `clean` keeps whatever is harmless, so that nothing an editor types is lost. What is sent was
`read`: every required field is there, every address may be followed, every merge field exists.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.segments import trees
from mailer import share_networks
from mailer.writing import addresses, expert, fields, rich

MOST_BLOCKS = 200
MOST_ITEMS = 50
MOST_BYTES = 500_000  # of a text's blocks as JSON
MOST_CHARACTERS = 50_000  # of one field
LINE = 200
PENCIL = "✎"  # begins the words of a layout that ask the author for their own

_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a block says, and the form input it is edited with.

    input: "line" (one line), "rich" (paragraphs as HTML), "inline" (one paragraph as HTML), "items" (a list of inline
    texts), "url" (an address with merge fields), "picture" (the number of a Picture), "choice", "number", "switch",
    "networks" (a list of names), "code" (MJML), "blocks". merge: whether merge fields may stand in it.
    """

    name: str
    label: Any
    input: str
    default: Any = ""
    required: bool = False
    most: int = LINE
    least: int = 0
    choices: tuple[tuple[str, Any], ...] = ()
    help: Any = ""
    merge: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of block. nests: it may stand in a column."""

    name: str
    label: Any
    help: Any
    fields: tuple[Field, ...]
    nests: bool = True

    def field(self, name: str) -> Field:
        return next(one for one in self.fields if one.name == name)


@dataclass(frozen=True, slots=True)
class Block:
    """A block that was read. values: by field; those of input "blocks" are tuples of blocks."""

    id: str
    kind: str
    values: Mapping[str, Any]
    shown_to: Mapping[str, Any] | None = None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def inside(self) -> Iterator[Block]:
        """The blocks that stand in this one."""
        for value in self.values.values():
            if isinstance(value, tuple):
                yield from (one for one in value if isinstance(one, Block))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text, and where. block, field: "" where the text as a whole is meant.

    place: "3" is the third block, "3.2" the second one in it.
    """

    block: str
    place: str
    kind: str
    field: str
    message: str

    def __str__(self) -> str:
        if not self.place:
            return self.message
        kind = KINDS.get(self.kind)
        names = {"place": self.place, "kind": kind.label if kind else self.kind}
        where = gettext("Block %(place)s (%(kind)s)") % names
        label = _label(kind, self.field)
        return f"{where}, {label}: {self.message}" if label else f"{where}: {self.message}"

    def as_json(self) -> dict[str, str]:
        return {**asdict(self), "words": str(self)}


def _label(kind: Kind | None, name: str) -> str:
    if name == "shown_to":
        return gettext("shown to")
    return str(kind.field(name).label) if kind and any(one.name == name for one in kind.fields) else ""


_ALIGN = Field(
    "align", _("Place"), "choice", "start", choices=(("start", _("at the side")), ("center", _("centred")))
)
_PICTURE = Field("picture", _("Picture"), "picture", None, help=_("From the library."))
_SRC = Field("src", _("or its address"), "url", most=2_000, help=_("https only."))
_ALT = Field(
    "alt",
    _("What it shows"),
    "line",
    required=True,
    most=300,
    help=_("Read aloud, and shown where pictures are off."),
    merge=True,
)
_URL = Field("url", _("Leads to"), "url", required=True, most=2_000, merge=True)
_LINK = Field("link", _("Leads to"), "url", most=2_000, merge=True)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "heading",
            _("Heading"),
            _("The first one is the mail's title."),
            (
                Field("text", _("Words"), "line", required=True, merge=True),
                Field(
                    "level",
                    _("Size"),
                    "choice",
                    "2",
                    choices=(("1", _("title")), ("2", _("section")), ("3", _("small"))),
                ),
                _ALIGN,
            ),
        ),
        Kind(
            "text",
            _("Text"),
            _("Paragraphs with links and emphasis."),
            (Field("html", _("Words"), "rich", required=True, most=MOST_CHARACTERS, merge=True),),
        ),
        Kind(
            "picture",
            _("Picture"),
            _("With words for those who do not see it."),
            (
                _PICTURE,
                _SRC,
                _ALT,
                _LINK,
                Field("caption", _("Words below it"), "inline", most=1_000, merge=True),
            ),
        ),
        Kind(
            "button",
            _("Button"),
            _("The one thing you ask for."),
            (Field("text", _("Words"), "line", required=True, most=80, merge=True), _URL, _ALIGN),
        ),
        Kind(
            "video",
            _("Video"),
            _("A still picture that leads to the video's page: mail programs play none."),
            (
                _PICTURE,
                _SRC,
                _ALT,
                _URL,
                Field(
                    "text",
                    _("Words beside the sign"),
                    "line",
                    most=120,
                    help=_("For example: Watch the film (2:31)."),
                    merge=True,
                ),
            ),
        ),
        Kind(
            "list",
            _("List"),
            _("Points, or steps with numbers."),
            (
                Field("items", _("Points"), "items", [], required=True, most=2_000, merge=True),
                Field("numbered", _("With numbers"), "switch", False),
            ),
        ),
        Kind(
            "share",
            _("Share row"),
            _("Links that open a network with a text to pass on."),
            (
                Field("title", _("Words above it"), "line", merge=True),
                Field(
                    "networks",
                    _("Networks"),
                    "networks",
                    list(share_networks.USUAL),
                    required=True,
                    choices=share_networks.CHOICES,
                ),
                Field("text", _("Text to pass on"), "line", most=500, required=True),
                Field("url", _("Address to pass on"), "url", most=1_000, required=True),
            ),
        ),
        Kind(
            "quote",
            _("Quotation"),
            _("What somebody said."),
            (
                Field("html", _("Words"), "rich", required=True, most=5_000, merge=True),
                Field("source", _("Who said it"), "line"),
            ),
        ),
        Kind(
            "columns",
            _("Two columns"),
            _("Beside each other; one below the other on a phone."),
            (
                Field("left", _("First column"), "blocks", []),
                Field("right", _("Second column"), "blocks", []),
            ),
            nests=False,
        ),
        Kind("divider", _("Line"), _("Between two parts."), ()),
        Kind(
            "spacer",
            _("Space"),
            _("Between two parts."),
            (Field("height", _("Height"), "number", 24, least=4, most=120),),
        ),
        Kind(
            "footer",
            _("Footer"),
            _(
                "Who writes and why, postal address, and the link to unsubscribe. It is added where none stands."
            ),
            (Field("html", _("Words of your own"), "rich", most=5_000, merge=True),),
            nests=False,
        ),
        Kind(
            "mjml",
            _("MJML"),
            _("For experts: sections, columns and what stands in them."),
            (Field("source", _("Source"), "code", required=True, most=MOST_CHARACTERS, merge=True),),
            nests=False,
        ),
    )
}


def new(kind: str) -> dict[str, Any]:
    """An empty block of a kind, with an id of its own."""
    return {"id": secrets.token_hex(4), "kind": kind, **{one.name: one.default for one in KINDS[kind].fields}}


# --- a draft -----------------------------------------------------------------------------------------------


def clean(data: Any) -> list[dict[str, Any]]:
    """The blocks of a draft as they are stored: known kinds and fields only, rich text cleaned, bounds kept.

    What is missing or cannot be sent yet stays as it is (`problems` names it). Raises ValidationError for what is no
    list of blocks, a kind that does not exist, or more than a mail can hold. Safe to repeat.
    """
    if not isinstance(data, list):
        raise ValidationError(_("The text is no list of blocks."), code="invalid")
    if len(json.dumps(data, ensure_ascii=False, default=str).encode(errors="replace")) > MOST_BYTES:
        raise ValidationError(_("This is more text than a mail can hold."), code="too_long")
    found = [_cleaned(block, str(number), nested=False) for number, block in enumerate(data, 1)]
    if sum(1 + sum(len(one) for one in _nested(block)) for block in found) > MOST_BLOCKS:
        raise ValidationError(
            _("A mail may hold %(most)d blocks."), code="too_many", params={"most": MOST_BLOCKS}
        )
    return _with_own_ids(found, set())


def _nested(block: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    return [block[one.name] for one in KINDS[block["kind"]].fields if one.input == "blocks"]


def _with_own_ids(blocks: list[dict[str, Any]], taken: set[str]) -> list[dict[str, Any]]:
    """No two blocks of one id: a block that was duplicated gets a new one."""
    for block in blocks:
        if block["id"] in taken:
            block["id"] = secrets.token_hex(4)
        taken.add(block["id"])
        for inside in _nested(block):
            _with_own_ids(inside, taken)
    return blocks


def _cleaned(data: Any, place: str, *, nested: bool) -> dict[str, Any]:
    kind = KINDS.get(str(data.get("kind"))) if isinstance(data, dict) else None
    if kind is None or (nested and not kind.nests):
        raise ValidationError(
            _("Block %(place)s cannot stand here."), code="invalid", params={"place": place}
        )
    given = data.get("id")
    own = given if isinstance(given, str) and _ID.fullmatch(given) else secrets.token_hex(4)
    block: dict[str, Any] = {"id": own, "kind": kind.name}
    for one in kind.fields:
        block[one.name] = _value(one, data.get(one.name, one.default), place)
    tree = data.get("shown_to")
    if isinstance(tree, dict) and tree and not nested:
        block["shown_to"] = tree
    return block


def _value(field: Field, value: Any, place: str) -> Any:
    # Nothing is cut short: what is too long is named by `problems` and can be shortened by who wrote it.
    match field.input:
        case "rich":
            return rich.clean(_text(value))
        case "inline":
            return rich.clean_line(_text(value))
        case "items":
            return [rich.clean_line(_text(one)) for one in value] if isinstance(value, list) else []
        case "line" | "url":
            return line(_text(value))
        case "code":
            return _text(value)
        case "picture":
            return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
        case "number":
            number = value if isinstance(value, int) and not isinstance(value, bool) else field.default
            return min(max(number, field.least), field.most)
        case "switch":
            return value is True
        case "choice":
            return value if value in [known for known, _label in field.choices] else field.default
        case "networks":
            wanted = value if isinstance(value, list) else []
            return [known for known, _label in field.choices if known in wanted]
        case "blocks":
            inside = value if isinstance(value, list) else []
            return [_cleaned(one, f"{place}.{number}", nested=True) for number, one in enumerate(inside, 1)]
    raise AssertionError(field.input)


def line(text: str) -> str:
    """A text as one line without control characters."""
    return " ".join(_CONTROL.sub(" ", _text(text)).split())


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


# --- what is sent ------------------------------------------------------------------------------------------


def read(data: Any, known: Collection[str] | None = None) -> tuple[Block, ...]:
    """The blocks of a text that may be sent. Raises ValidationError naming each block and field with what is wrong.

    known: names of merge fields, to spare asking for them again.
    """
    cleaned = clean(data)
    if found := _problems(cleaned, fields.names() if known is None else known):
        raise ValidationError([ValidationError(str(one), code="invalid_block") for one in found])
    return tuple(_block(one) for one in cleaned)


def draft(data: Any) -> tuple[Block, ...]:
    """The blocks of a text as far as it is written: for a preview, never for sending. Raises as `clean` does."""
    return tuple(_block(one) for one in clean(data))


def problems(data: Any, known: Collection[str] | None = None) -> list[Problem]:
    """Everything that keeps a text from being sent, in the reader's words. Raises as `clean` does."""
    return list(_problems(clean(data), fields.names() if known is None else known))


def problems_in(block: Block, known: Collection[str]) -> list[Problem]:
    """What keeps one block of a draft from being sent, its conditions and what stands in it left out."""
    kind = KINDS[block.kind]
    own = [one for one in kind.fields if one.input != "blocks"]
    return _own_problems({"id": block.id, "kind": block.kind, **block.values}, "1", own, known)


def _block(data: Mapping[str, Any]) -> Block:
    kind = KINDS[data["kind"]]
    values = {
        one.name: tuple(_block(inside) for inside in data[one.name])
        if one.input == "blocks"
        else data[one.name]
        for one in kind.fields
    }
    return Block(data["id"], kind.name, values, data.get("shown_to"))


def _problems(blocks: Sequence[Mapping[str, Any]], known: Collection[str], above: str = "") -> list[Problem]:
    found = []
    for number, block in enumerate(blocks, 1):
        place = f"{above}{number}"
        kind = KINDS[block["kind"]]
        found += _own_problems(block, place, kind.fields, known)
        found += [
            Problem(block["id"], place, kind.name, "shown_to", words)
            for words in _wrong_condition(block.get("shown_to"))
        ]
        for inside in _nested(block):
            found += _problems(inside, known, f"{place}.")
    return found


def _own_problems(
    block: Mapping[str, Any], place: str, asked: Sequence[Field], known: Collection[str]
) -> list[Problem]:
    said = [(one.name, words) for one in asked for words in _wrong(one, block[one.name], known)]
    if block["kind"] in {"picture", "video"} and not (block["picture"] or block["src"]):
        said.append(("picture", gettext("Choose a picture.")))
    return [Problem(block["id"], place, block["kind"], name, words) for name, words in said]


def _wrong(field: Field, value: Any, known: Collection[str]) -> Iterator[str]:
    if field.required and _is_empty(field, value):
        yield gettext("Nothing is written here yet.")
        return
    texts = value if field.input == "items" else [value] if isinstance(value, str) else []
    if any(len(text) > field.most for text in texts):
        yield gettext("At most %(limit)d characters.") % {"limit": field.most}
        return
    if any(PENCIL in text for text in texts):
        yield gettext("The words of the layout still stand here: write your own.")
    for text in texts:
        yield from fields.problems(text, known if field.merge else (), slots=field.merge)
    if len(texts) > MOST_ITEMS:
        yield gettext("At most %(most)d points.") % {"most": MOST_ITEMS}
    match field.input:
        case "url" if value:
            yield from addresses.problems(value, picture=field.name == "src")
        case "rich" | "inline" | "items":
            for text in texts:
                for href, _words in rich.links(text):
                    yield from addresses.problems(href)
        case "code":
            yield from expert.problems(value)


PROSE = {"line", "rich", "inline", "items"}


def is_said(block: Block, name: str) -> bool:
    """Whether anything is written in a field."""
    return not _is_empty(KINDS[block.kind].field(name), block[name])


def _is_empty(field: Field, value: Any) -> bool:
    match field.input:
        case "rich" | "inline":
            return not rich.words(value)
        case "items":
            return not any(rich.words(one) for one in value)
        case "picture":
            return value is None
    return not (value.strip() if isinstance(value, str) else value)


def _wrong_condition(tree: Mapping[str, Any] | None) -> list[str]:
    if tree is None:
        return []
    try:
        trees.read(tree)
    except trees.RuleError as error:
        return [str(problem) for problem in error.problems]
    return []
