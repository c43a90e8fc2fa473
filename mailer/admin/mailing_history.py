"""What a text of a mailing said before; and two versions side by side, after two people saved at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.desk import key_in, who
from accounts.permissions import require
from contacts.naming import language_name
from mailer.admin import block_forms, mailing_write, pages
from mailer.admin.block_forms import Block
from mailer.mailings import texts
from mailer.mailings.texts import ClosedError, Content, OvertakenError
from mailer.models import Mailing, MailingRevision
from mailer.writing import blocks as writing
from mailer.writing import rich

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

_MOST = 200
_LINES = {"subject": "Subject", "preheader": "Preview line", "plain": "Plain text"}


@pages.register("history")
def history(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The revisions of one language, newest first; one of them is shown, and can be made the text again."""
    if request.method == "POST":
        return _restore(desk, request, mailing)
    text = mailing_write.text_of(mailing, request.GET.get("language", ""))
    rows = text.revisions.select_related("by").order_by("-at", "-pk")[:_MOST] if text.pk else []
    shown = next((row for row in rows if row.pk == key_in(request.GET.get("revision", ""))), None)
    context = {
        **desk.page_context(request, mailing, "write", _("History")),
        "text": text,
        "language_name": language_name(text.language),
        "revisions": rows,
        "shown": shown,
        "is_open": mailing_write.is_open(request, mailing),
    }
    return TemplateResponse(request, "staff/mailings/history.html", context)


def _restore(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    require(request.user, mailing_write.CHANGE, mailing)
    revision = _revision(mailing, request.POST.get("revision", ""))
    version = key_in(request.POST.get("version", "")) or 0
    try:
        texts.restore(revision.text, version, revision, who(request))
    except ClosedError:
        said = _("The mailing is no longer being written; nothing was saved.")
        desk.message_user(request, said, messages.WARNING)
    except OvertakenError as overtaken:
        return HttpResponseRedirect(f"{pages.url(mailing, 'merge')}?revision={overtaken.mine.pk}")
    else:
        said = _("The earlier text is back; the one it replaced is in the history.")
        desk.message_user(request, said, messages.SUCCESS)
    return HttpResponseRedirect(mailing_write.url(mailing, revision.text.language))


def _revision(mailing: Mailing, number: str) -> MailingRevision:
    rows = MailingRevision.objects.select_related("text", "text__changed_by", "by")
    found = rows.filter(text__mailing=mailing, pk=key_in(number) or 0).first()
    if found is None:
        raise Http404
    return found


# --- two versions side by side


@dataclass(frozen=True, slots=True)
class Part:
    """A line or a block of which the two versions may differ. `theirs` is None where only the other has it."""

    key: str
    label: str
    theirs: str | None
    mine: str | None

    @property
    def differs(self) -> bool:
        return self.theirs != self.mine


@pages.register("merge", permission=mailing_write.CHANGE)
def merge(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """What is saved beside what was kept aside: each part is chosen, and the choice becomes the text."""
    asked = request.POST if request.method == "POST" else request.GET
    revision = _revision(mailing, asked.get("revision", ""))
    text, mine = revision.text, Content.from_json(revision.content)
    if request.method == "POST":
        return _merged(desk, request, mailing, revision)
    context = {
        **desk.page_context(request, mailing, "write", _("Two versions")),
        "text": text,
        "revision": revision,
        "parts": _parts(Content.of(text), mine),
        "is_open": mailing_write.is_open(request, mailing),
    }
    return TemplateResponse(request, "staff/mailings/merge.html", context)


def _merged(
    desk: MailingAdmin, request: HttpRequest, mailing: Mailing, revision: MailingRevision
) -> HttpResponse:
    require(request.user, mailing_write.CHANGE, mailing)
    text = revision.text
    content = choose(Content.of(text), Content.from_json(revision.content), request.POST.dict())
    version = key_in(request.POST.get("version", "")) or 0
    try:
        texts.save(text, version, content, who(request), keep_before=True)
    except ClosedError:
        said = _("The mailing is no longer being written; nothing was saved.")
        desk.message_user(request, said, messages.WARNING)
    except OvertakenError as overtaken:
        said = _("The text was saved again meanwhile. Please look once more.")
        desk.message_user(request, said, messages.WARNING)
        return HttpResponseRedirect(f"{pages.url(mailing, 'merge')}?revision={overtaken.mine.pk}")
    else:
        desk.message_user(request, _("Saved as chosen; both versions are in the history."), messages.SUCCESS)
    return HttpResponseRedirect(mailing_write.url(mailing, text.language))


def choose(theirs: Content, mine: Content, chosen: dict[str, Any]) -> Content:
    """The text of two that has of each part what was chosen: "mine", "theirs" (also where nothing is said).

    A block only one of them has is taken or left by the same words. Blocks stand in the saved order; one that only mine
    has comes after the block it came after there.
    """

    def takes_mine(key: str) -> bool:
        return chosen.get(f"part-{key}") == "mine"

    ours = {block["id"]: block for block in mine.blocks}
    found: list[Block] = []
    for block in theirs.blocks:
        if not takes_mine(block["id"]):
            found.append(block)
        elif block["id"] in ours:
            found.append(ours[block["id"]])
    known = {block["id"] for block in theirs.blocks}
    before = ""
    for block in mine.blocks:
        if block["id"] not in known and takes_mine(block["id"]):
            at = next(
                (number for number, one in enumerate(found, 1) if one["id"] == before),
                0 if not before else len(found),
            )
            found.insert(at, block)
        before = block["id"]
    lines = {name: getattr(mine if takes_mine(name) else theirs, name) for name in _LINES}
    return Content(blocks=found, **lines)


def _parts(theirs: Content, mine: Content) -> list[Part]:
    labels = {"subject": _("Subject"), "preheader": _("Preview line"), "plain": _("Plain text")}
    found = [Part(name, labels[name], getattr(theirs, name), getattr(mine, name)) for name in _LINES]
    saved = {block["id"]: block for block in theirs.blocks}
    ours = {block["id"]: block for block in mine.blocks}
    order = [*saved, *(key for key in ours if key not in saved)]
    for key in order:
        block = saved.get(key) or ours[key]
        found.append(
            Part(key, str(writing.KINDS[block["kind"]].label), _whole(saved.get(key)), _whole(ours.get(key)))
        )
    return [part for part in found if part.differs]


def _whole(block: Block | None) -> str | None:
    """Everything a block says, as lines a person can compare."""
    if block is None:
        return None
    lines = []
    for one in writing.KINDS[block["kind"]].fields:
        value = block.get(one.name)
        if one.input == "blocks":
            lines += [_whole(inner) or "" for inner in value or []]
        elif one.input in {"rich", "inline"}:
            lines.append(rich.words(str(value or "")))
        elif one.input == "items":
            lines += [f"• {rich.words(item)}" for item in value or []]
        elif value not in ("", None, one.default):
            lines.append(f"{one.label}: {value}")
    if tree := block.get("shown_to"):
        lines.append(f"{_('Only for:')} {block_forms.to_whom(tree)}")
    return "\n".join(line for line in lines if line)
