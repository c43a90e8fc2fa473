"""From the blocks of a mailing to the mail: subject, preview line, HTML and text, merge fields and slots still in place.

Whatever an author wrote comes into our templates as a value and is escaped there. The templates make MJML, a bounded
child process makes HTML of it, and the result is checked before anybody sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.template.loader import get_template
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from mailer import headers, share_networks, theming
from mailer.composing import direction_of
from mailer.models import Mailing, MailingText, Picture, Theme
from mailer.writing import addresses, blocks, checking, conditions, expert, fields, parent, plain, rich
from mailer.writing.blocks import Block

WIDTH = 600
MARGIN = 24
# After the preview line, so that a mail program does not show the first words of the mail behind it.
_FILLER = "\u034f\u200c\u00a0 " * 60
# MJML writes a colour as `background`, which fewer mail programs know.
_BACKGROUND = re.compile(r"([\";])background:(#[0-9a-fA-F]{3,6}(?=[;\"]))")
_SIZES = {"1": 30, "2": 22, "3": 18}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail, ready to be frozen. links: address and words of each, in order. fields: merge fields that it uses."""

    subject: str
    preheader: str
    html: str
    text: str
    links: list[tuple[str, str]]
    fields: set[str]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the blocks: who writes, why, and from where."""

    language: str
    sender_name: str
    postal_address: str
    list_name: str
    theme: Theme
    organisation_id: int | None = None

    @property
    def direction(self) -> str:
        return direction_of(self.language)


def frame_of(mailing: Mailing, language: str, theme: Theme | None = None) -> Frame:
    """The frame of a mailing in one language."""
    sender, mailing_list = mailing.sender, mailing.mailing_list
    return Frame(
        language=language,
        sender_name=sender.name if sender else "",
        postal_address=sender.postal_address if sender else "",
        list_name=mailing_list.public_name(language) if mailing_list else "",
        theme=theme or theming.theme_of(mailing.organisation),
        organisation_id=mailing.organisation_id,
    )


def render(
    text: MailingText,
    *,
    theme: Theme | None = None,
    part: int = 0,
    conditions_of: Sequence[Mapping[str, Any]] | None = None,
    draft: bool = False,
    known: Collection[str] | None = None,
) -> Rendered:
    """The mail of one text for the people of one part; blocks that are not shown to them are left out.

    conditions_of: the mailing's conditions, in the order of the bits of `part` (default: asked for); `conditions.ALL`
    as part shows every block. draft: for a preview of a text that is still being written; what cannot be shown yet is
    named in its place. Otherwise raises ValidationError with everything that keeps the text from being sent.
    Repeating it gives the same mail.
    """
    mailing = text.mailing
    trees = (
        conditions_of if conditions_of is not None or part in {0, conditions.ALL} else conditions.of(mailing)
    )
    known = fields.names() if known is None else known
    if not draft:
        _check_lines(text, known)
    found = blocks.draft(text.blocks) if draft else blocks.read(text.blocks, known)
    shown = [block for block in found if conditions.applies(block.shown_to, part, trees or [])]
    frame = frame_of(mailing, text.language, theme)
    with translation.override(text.language):
        subject, preheader = blocks.line(text.subject), blocks.line(text.preheader)
        return _Renderer(frame, subject, preheader, known, draft).mail(shown, text.plain)


def _check_lines(text: MailingText, known: Collection[str]) -> None:
    wrong = []
    for label, line in ((_("Subject"), text.subject), (_("Preview line"), text.preheader)):
        try:
            headers.check_line(line, limit=headers.MAX_SUBJECT)
            fields.check(line, known)
        except ValidationError as error:
            wrong += [f"{label}: {message}" for message in error.messages]
    if not text.subject.strip():
        wrong.append(_("The subject is empty."))
    wrong += [f"{_('Plain text')}: {message}" for message in fields.problems(text.plain, known, slots=True)]
    if wrong:
        raise ValidationError(wrong)


@dataclass
class _Renderer:
    frame: Frame
    subject: str
    preheader: str
    known: Collection[str]
    draft: bool
    pictures: Mapping[int, Picture] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    title: Block | None = None  # the first heading: the mail's h1, whatever its size

    def mail(self, shown: Sequence[Block], written: str) -> Rendered:
        footer = next((block for block in shown if block.kind == "footer"), _added_footer())
        body = [block for block in shown if block.kind != "footer"]
        every = [*body, *(inside for block in body for inside in block.inside())]
        self.title = next((block for block in every if block.kind == "heading"), None)
        self.pictures = self.pictures_of(every)
        self.light, self.dark = theming.light(self.frame.theme), theming.dark(self.frame.theme)
        html = self.html(body, footer)
        text = written if written.strip() else self.text_part(body, footer)
        text = plain.with_ways_out(text, self.footing(footer))
        return Rendered(
            subject=self.subject,
            preheader=self.preheader,
            html=html,
            text=text,
            links=_links(html),
            fields=set(fields.used([self.subject, self.preheader, html, text])),
        )

    def text_part(self, body: Sequence[Block], footer: Block) -> str:
        written = [block for block in body if not self.problem(block)]
        return plain.of(written, self.footing(footer), self.frame.direction)

    # --- HTML ---

    def html(self, body: Sequence[Block], footer: Block) -> str:
        source = self.layout(self.sections(body), self.footer(footer))
        try:
            html = parent.compiled(source)
        except parent.CompileError as error:
            raise self.named(error, body) from error
        html = _BACKGROUND.sub(r"\1background-color:\2", fields.as_typed(html))
        checking.check(html)
        return html

    def named(self, error: parent.CompileError, body: Sequence[Block]) -> ValidationError:
        """The error in words, with the block that it comes from: each expert's block is compiled alone."""
        for number, block in enumerate(body, 1):
            if block.kind != "mjml" or self.problem(block):
                continue
            try:
                parent.compiled(self.layout([self.mjml(block)], ""))
            except parent.CompileError as own:
                where = _("Block %(number)d (MJML)") % {"number": number}
                return ValidationError(f"{where}: {in_words(own)}", code="invalid_block")
        return ValidationError(in_words(error), code="compile")

    def layout(self, sections: Sequence[str], footer: str) -> str:
        logo = self.logo()
        return self.fill("layout", sections=sections, footer=footer, logo=logo, filler=_FILLER)

    def fill(self, name: str, **values: Any) -> SafeString:
        """One of our templates, filled."""
        is_rtl = self.frame.direction == "rtl"
        return mark_safe(  # noqa: S308 (our template, with autoescape)
            get_template(f"email/mailing/{name}.mjml").render(
                {
                    "language": self.frame.language,
                    "direction": self.frame.direction,
                    "start": "right" if is_rtl else "left",
                    "end": "left" if is_rtl else "right",
                    "subject": self.subject,
                    "preheader": self.preheader,
                    "sender_name": self.frame.sender_name,
                    "light": self.light,
                    "dark": self.dark,
                    "sans": theming.SANS,
                    "heading_font": theming.heading_font(self.frame.theme),
                    "serif": self.frame.theme.headings == "serif",
                    **values,
                }
            )
        )

    def sections(self, body: Sequence[Block]) -> list[str]:
        """The blocks as sections: what stands in one column goes on in one section."""
        found: list[str] = []
        column: list[str] = []

        def close() -> None:
            if column:
                found.append(self.fill("section", content=list(column)))
                column.clear()

        for block in body:
            made = self.block(block, WIDTH - 2 * MARGIN)
            if block.kind == "columns" or (block.kind == "mjml" and made.lstrip().startswith(_SECTION_TAGS)):
                close()
                found.append(made)
            else:
                column.append(made)
        close()
        return found

    def block(self, block: Block, width: int) -> SafeString:
        if words := self.problem(block):
            return self.fill("unfinished", words=words, mark=self.mark(block))
        make: Callable[..., SafeString] = getattr(self, block.kind)
        return make(block, width) if block.kind in {"picture", "video"} else make(block)

    def problem(self, block: Block) -> str:
        """Why a block of a draft cannot be shown yet; "" where it can."""
        if self.draft and block.id not in self.lacking:
            self.lacking[block.id] = self.lack(block)
        return self.lacking.get(block.id, "")

    def lack(self, block: Block) -> str:
        """Only what leaves nothing to show: a word that is wrong or a link that is missing is seen beside the block."""
        kind = blocks.KINDS[block.kind]
        found = blocks.problems_in(block, self.known)
        match block.kind:
            case "columns":
                return "" if any(block.inside()) else str(kind.label)
            case "mjml":
                wrong = found[:1]
            case "picture" | "video":
                wrong = [one for one in found if one.field in {"picture", "src"}]
            case _:
                said = [one.name for one in kind.fields if one.input in blocks.PROSE and one.required]
                wrong = [one for one in found if one.field in said and not blocks.is_said(block, one.field)]
        return f"{kind.label}: {wrong[0].message}" if wrong else ""

    def mark(self, block: Block) -> str:
        """In a preview each block can be found again; readers are not sent our ids."""
        return f"block-{block.id}" if self.draft else ""

    def align(self, block: Block) -> str:
        if block["align"] == "center":
            return "center"
        return "right" if self.frame.direction == "rtl" else "left"

    def styles(self, *, tight: bool = False) -> dict[str, str]:
        accent = self.light.accent
        start = "right" if self.frame.direction == "rtl" else "left"
        font = theming.heading_font(self.frame.theme)
        gap = 8 if tight else 16
        return {
            "p": f"margin:0 0 {gap}px",
            "a": f"color:{accent};text-decoration:underline",
            "ul": f"margin:0 0 {gap}px;padding:0;padding-{start}:26px",
            "ol": f"margin:0 0 {gap}px;padding:0;padding-{start}:26px",
            "li": "margin:0 0 6px",
            "h3": f"margin:8px 0 8px;font-family:{font};font-size:19px;line-height:1.3",
            "h4": "margin:8px 0 6px;font-size:17px;line-height:1.3",
            "blockquote": f"margin:0 0 {gap}px;padding:0;padding-{start}:16px;border-{start}:3px solid {accent}",
        }

    def rich(self, html: str, *, tight: bool = False, link: str = "") -> SafeString:
        """Rich text for the mail. link: the style of its links, where it is not that of the text around."""
        styles = self.styles(tight=tight) | ({"a": link} if link else {})
        styled = rich.styled(html, styles, _led_to)
        return mark_safe(styled)  # noqa: S308 (cleaned, and written anew with every value escaped)

    # --- the kinds ---

    def heading(self, block: Block) -> SafeString:
        size = _SIZES[block["level"]]
        tag = "h1" if block is self.title else f"h{max(int(block['level']), 2)}"
        return self.of("heading", block, tag=tag, size=size, align=self.align(block))

    def of(self, name: str, block: Block, **values: Any) -> SafeString:
        return self.fill(name, block=block.values, mark=self.mark(block), **values)

    def text(self, block: Block) -> SafeString:
        return self.of("text", block, html=self.rich(block["html"]))

    def list(self, block: Block) -> SafeString:
        items = [self.rich(item) for item in block["items"] if rich.words(item)]
        return self.of("list", block, items=items, tag="ol" if block["numbered"] else "ul")

    def button(self, block: Block) -> SafeString:
        return self.of("button", block, link=_led_to(block["url"]), align=self.align(block))

    def picture(self, block: Block, width: int) -> SafeString:
        caption = self.rich(block["caption"]) if rich.words(block["caption"]) else ""
        return self.of(
            "picture", block, caption=caption, link=_led_to(block["link"]), **self.shown_picture(block, width)
        )

    def video(self, block: Block, width: int) -> SafeString:
        shown = self.shown_picture(block, width)
        return self.of("video", block, link=_led_to(block["url"]), **shown)

    def shown_picture(self, block: Block, width: int) -> dict[str, Any]:
        picture = self.pictures.get(block["picture"]) if block["picture"] else None
        if picture is None:
            return {"src": block["src"], "width": width, "wide": True}
        fitting = min(picture.width, width)
        return {"src": picture_url(picture), "width": fitting, "wide": fitting >= width // 2}

    def share(self, block: Block) -> SafeString:
        ways = [
            {
                "name": share_networks.label(name),
                "href": share_networks.share(name, title=self.subject, text=block["text"], link=block["url"]),
            }
            for name in block["networks"]
        ]
        return self.of("share", block, ways=ways)

    def quote(self, block: Block) -> SafeString:
        return self.of("quote", block, html=self.rich(block["html"], tight=True))

    def divider(self, block: Block) -> SafeString:
        return self.of("divider", block)

    def spacer(self, block: Block) -> SafeString:
        return self.of("spacer", block)

    def columns(self, block: Block) -> SafeString:
        width = (WIDTH - 4 * MARGIN) // 2
        left, right = ([self.block(one, width) for one in block[side]] for side in ("left", "right"))
        return self.of("columns", block, left=left, right=right)

    def mjml(self, block: Block) -> SafeString:
        made = expert.fragment(block["source"])
        return mark_safe(made.source)  # noqa: S308 (checked, and written anew)

    # --- around them ---

    def footing(self, footer: Block) -> plain.Footing:
        names = {"list": self.frame.list_name, "sender": self.frame.sender_name}
        why = (
            _("You get this mail because you subscribed to “%(list)s”.") % names
            if self.frame.list_name
            else _("You get this mail because you subscribed to news of %(sender)s.") % names
        )
        words = self.frame.theme.footer or {}
        own = words.get(self.frame.language) or words.get(self.frame.language.partition("-")[0]) or ""
        return plain.Footing(
            why=why,
            sender_name=self.frame.sender_name,
            postal_address=self.frame.postal_address,
            words=rich.clean(footer["html"]),
            theme_words=" ".join(str(own).split()),
            unsubscribe=_("Unsubscribe"),
            preferences=_("Change what you get"),
            web=_("View in browser"),
        )

    def footer(self, footer: Block) -> SafeString:
        footing = self.footing(footer)
        words = self.rich(footing.words, tight=True, link=f"color:{self.light.faint}")
        profiles = [
            {
                "name": share_networks.label(name) if name in dict(share_networks.PROFILES) else name,
                "href": href,
            }
            for name, href in (self.frame.theme.profiles or {}).items()
            if isinstance(href, str) and addresses.is_safe(href)
        ]
        return self.of(
            "footer",
            footer,
            html=words if rich.words(footing.words) else "",
            theme_words=footing.theme_words,
            profiles=profiles,
            why=footing.why,
            postal_address=footing.postal_address,
            slots={name: f"{{{{ {name} }}}}" for name in fields.SLOTS},
        )

    def logo(self) -> dict[str, Any] | None:
        theme = self.frame.theme
        if theme.logo is None:
            return None
        return {
            "src": picture_url(theme.logo),
            "alt": theme.logo.alt or self.frame.sender_name,
            "width": min(theme.logo.width, 240),
            "link": theme.logo_link if addresses.is_safe(theme.logo_link) else "",
        }

    def pictures_of(self, every: Sequence[Block]) -> Mapping[int, Picture]:
        """The library's pictures in these blocks: of the mailing's organisation or of the house, no other's."""
        wanted = {
            block["picture"] for block in every if block.kind in {"picture", "video"} and block["picture"]
        }
        if not wanted:
            return {}
        ours = Q(organisation=None) | Q(organisation=self.frame.organisation_id)
        found = {one.pk: one for one in Picture.objects.filter(ours, pk__in=wanted)}
        if not self.draft and wanted - found.keys():
            raise ValidationError(_("A picture in this text is no longer in the library."), code="no_picture")
        return found


_SECTION_TAGS = tuple(f"<{tag}" for tag in expert.SECTIONS)


def _added_footer() -> Block:
    return Block("footer", "footer", {"html": ""})


def _led_to(url: str) -> str:
    """What a link leads to, as it stands in the mail; "" for an address that a mail must not link to."""
    return fields.in_address(url.strip()) if url.strip() and addresses.is_safe(url) else ""


def _links(html: str) -> list[tuple[str, str]]:
    """Every link a reader can follow, with its words; the slots of the door are none."""
    found = [(url, words) for url, words in rich.links(html) if url and not addresses.is_slot(url)]
    return list(dict.fromkeys(found))


def picture_url(picture: Picture) -> str:
    """Where a picture of the library is served to everybody, named by its content."""
    ending = (picture.file.name or "").rpartition(".")[2]
    return f"{settings.SITE_URL}/pictures/{picture.content_hash}.{ending}"


def in_words(error: parent.CompileError) -> str:
    """Why MJML could not be compiled, in the reader's language."""
    match error.word:
        case "too_long":
            return _("This is more than a mail can hold.")
        case "too_deep" | "crashed":
            return _("Its tags stand too deep in each other.")
        case "too_slow":
            return _("It takes too long to make a mail of it.")
        case "too_much_memory":
            return _("It takes too much memory to make a mail of it.")
    return _("This is no MJML: %(detail)s") % {"detail": escape(error.detail)}
