"""The page Write of a mailing: subject, blocks and the mail beside them.

The page is one form; each of its buttons posts it, does what it says and saves. With JavaScript the same is asked for as
JSON, the text is saved as it is typed, and the answer brings the blocks as they stand now.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.desk import key_in, who
from accounts.permissions import may, require, visible
from contacts import naming
from contacts.naming import language_name
from mailer.admin import block_forms, pages
from mailer.admin.block_forms import Block
from mailer.mailings import arranging, presence, texts
from mailer.mailings.texts import ClosedError, Content, OvertakenError
from mailer.models import Mailing, MailingText, Picture, SavedBlock
from mailer.writing import blocks as writing
from mailer.writing import fields, languages

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

CHANGE = "mailer.change_mailing"
MOST_SUBJECT = 200
RICH_TOOLS = ("bold", "italic", "link", "bullets", "numbers", "heading", "quote", "plain")


@pages.register("write")
def write(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    if request.method == "POST":
        require(request.user, CHANGE, mailing)
        return _Save(desk, request, mailing).answer()
    return _page(desk, request, mailing, text_of(mailing, request.GET.get("language", "")))


def text_of(mailing: Mailing, language: str) -> MailingText:
    """The text in a language, the main one for "". A mailing without any gets a blank one, which is not saved."""
    wanted = language or mailing.language
    text = mailing.texts.select_related("changed_by").filter(language=wanted).first()
    if text is None:
        if wanted != mailing.language:
            raise Http404
        text = MailingText(mailing=mailing, language=wanted, version=0)
    return text


def may_write_mjml(request: HttpRequest) -> bool:
    return may(request.user, "mailer.write_mjml")


def is_open(request: HttpRequest, mailing: Mailing) -> bool:
    """Whether the person may write in the mailing just now."""
    return mailing.status in texts.WRITABLE and may(request.user, CHANGE, mailing)


def url(mailing: Mailing, language: str, page: str = "write") -> str:
    return f"{pages.url(mailing, page)}?language={language}"


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def content_in(request: HttpRequest) -> Content:
    """What the form says. Raises ValidationError for more than a mail can hold."""
    posted = request.POST
    return Content(
        subject=_line(posted.get("subject", "")),
        preheader=_line(posted.get("preheader", "")),
        blocks=block_forms.read(posted, may_write_mjml=may_write_mjml(request)),
        plain=posted.get("plain", "")
        .replace("\0", "")
        .replace("\r\n", "\n")
        .strip()[: writing.MOST_CHARACTERS],
    )


def _line(typed: str) -> str:
    return " ".join(typed.replace("\0", "").split())[:MOST_SUBJECT]


# --- saving


@dataclass(slots=True)
class _Done:
    """What a button of the form did, besides changing the blocks."""

    palette: str = ""  # where the kinds to choose from are shown
    removed: tuple[Block, str] | None = None
    focus: str = ""
    said: str = ""
    leads_to: str = ""


class _Save:
    """One request to save the text."""

    def __init__(self, desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> None:
        self.desk = desk
        self.request = request
        self.mailing = mailing
        self.text = text_of(mailing, request.POST.get("language", ""))
        if self.text.pk is None and mailing.status in texts.WRITABLE:
            self.text = texts.add_language(mailing, mailing.language, who(request))
        self.act = request.POST.get("act", "save")

    def answer(self) -> HttpResponse:
        version = key_in(self.request.POST.get("version", "")) or self.text.version
        try:
            content = content_in(self.request)
            done = self._do(content.blocks)
            writing.clean(content.blocks)
            self.text = texts.save(self.text, version, content, who(self.request))
        except ValidationError as error:
            return self._refused(" ".join(error.messages), 422)
        except ClosedError:
            return self._refused(_("The mailing is no longer being written; nothing was saved."), 423)
        except OvertakenError as overtaken:
            return self._overtaken(overtaken)
        if wants_json(self.request):
            return JsonResponse(self._as_json(done))
        return self._shown(done)

    def _do(self, blocks: list[Block]) -> _Done:
        match self.act.split(" ", 1):
            case ["choose", place]:
                return _Done(palette=place, focus="palette")
            case ["add", rest]:
                kind, _space, place = rest.partition(" ")
                return self._add(blocks, self._new(kind), place)
            case ["insert", rest]:
                number, _space, place = rest.partition(" ")
                return self._add(blocks, self._kept(number), place)
            case ["up" | "down" as way, block_id]:
                arranging.move(blocks, block_id, -1 if way == "up" else 1)
                return _Done(focus=f"{way}-{block_id}")
            case ["copy", block_id]:
                return _Done(focus=f"block-{arranging.duplicate(blocks, block_id) or block_id}")
            case ["remove", block_id]:
                return _Done(removed=arranging.remove(blocks, block_id), focus="undo")
            case ["restore"]:
                return self._restore(blocks)
            case ["keep", block_id]:
                return self._keep(blocks, block_id)
            case ["shown", block_id]:
                return _Done(leads_to=f"{url(self.mailing, self.text.language, 'shown')}&block={block_id}")
        return _Done()

    def _add(self, blocks: list[Block], block: Block | None, place: str) -> _Done:
        if block is None or not arranging.add(blocks, block, place):
            return _Done(said=_("It cannot stand there."))
        return _Done(focus=f"block-{block['id']}")

    def _new(self, kind: str) -> Block | None:
        if kind not in writing.KINDS or (kind == "mjml" and not may_write_mjml(self.request)):
            return None
        return writing.new(kind)

    def _kept(self, number: str) -> Block | None:
        rows = visible(self.request.user, SavedBlock.objects.all())
        found = rows.filter(pk=key_in(number) or 0).first()
        return arranging.renewed(found.block) if found else None

    def _restore(self, blocks: list[Block]) -> _Done:
        removed = block_forms.unsealed(self.request.POST.get("removed", ""))
        if not isinstance(removed, list):
            return _Done()
        block, place = removed
        if not arranging.add(blocks, block, place):
            arranging.add(blocks, block, "end")
        return _Done(focus=f"block-{block['id']}")

    def _keep(self, blocks: list[Block], block_id: str) -> _Done:
        require(self.request.user, "mailer.add_savedblock")
        found = arranging.find(blocks, block_id)
        if found is None:
            return _Done()
        block = found[0][found[1]]
        label = str(writing.KINDS[block["kind"]].label)
        name = block_forms.said(block, 90) or label
        user = who(self.request)
        SavedBlock.objects.create(
            name=name[:100],
            block={name: value for name, value in block.items() if name != "shown_to"},
            organisation_id=self.mailing.organisation_id,
            saved_by=user,
        )
        return _Done(
            said=_("Kept among the saved blocks as “%(name)s”.") % {"name": name}, focus=f"keep-{block_id}"
        )

    # --- answers

    def _as_json(self, done: _Done) -> dict[str, Any]:
        shown: dict[str, Any] = {"version": self.text.version, "saved_at": self.text.changed_at.isoformat()}
        problems = problems_of(self.text)
        shown["problems"] = [one.as_json() for one in problems]
        if done.leads_to:
            shown["leads_to"] = done.leads_to
        elif self.act != "save":
            context = blocks_context(self.request, self.mailing, self.text, problems, done)
            shown["html"] = render_to_string("staff/mailings/_blocks.html", context, self.request)
            shown["focus"] = done.focus
        return shown

    def _shown(self, done: _Done) -> HttpResponse:
        if done.leads_to:
            return HttpResponseRedirect(done.leads_to)
        if done.palette or done.removed or done.said:
            return _page(self.desk, self.request, self.mailing, self.text, done)
        if self.act == "save":
            self.desk.message_user(self.request, _("Saved."), messages.SUCCESS)
        anchor = f"#{done.focus}" if done.focus else ""
        return HttpResponseRedirect(url(self.mailing, self.text.language) + anchor)

    def _refused(self, said: str, status: int) -> HttpResponse:
        if wants_json(self.request):
            return JsonResponse({"wrong": said}, status=status)
        return _page(self.desk, self.request, self.mailing, self.text, _Done(said=said), status=status)

    def _overtaken(self, overtaken: OvertakenError) -> HttpResponse:
        leads_to = f"{pages.url(self.mailing, 'merge')}?revision={overtaken.mine.pk}"
        if not wants_json(self.request):
            return HttpResponseRedirect(leads_to)
        by = overtaken.text.changed_by
        name = by.get_short_name() or by.get_username() if by else _("Somebody")
        said = _("%(name)s saved this text since you opened it. Yours is kept beside it.") % {"name": name}
        return JsonResponse({"wrong": said, "leads_to": leads_to}, status=409)


# --- showing


def problems_of(text: MailingText) -> list[writing.Problem]:
    """What is missing or wrong before the text can be sent: first of its subject and preview line, then of its blocks."""
    found = [] if text.subject.strip() else [_of_line("subject", _("The subject is empty."))]
    known = fields.names()
    for name, line in (("subject", text.subject), ("preheader", text.preheader)):
        found += [_of_line(name, said) for said in fields.problems(line, known)]
    return [*found, *writing.problems(text.blocks)]


def _of_line(name: str, said: str) -> writing.Problem:
    return writing.Problem(block="", place="", kind="", field=name, message=said)


def _page(
    desk: MailingAdmin,
    request: HttpRequest,
    mailing: Mailing,
    text: MailingText,
    done: _Done | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **desk.page_context(request, mailing, "write"),
        **blocks_context(request, mailing, text, problems_of(text), done or _Done()),
        "text": text,
        "languages": language_tabs(mailing, text.language),
        "more_languages": naming.languages(),
        "merge_fields": fields.offered(),
        "rich_tools": RICH_TOOLS,
        "others": others_words(mailing, request),
        "tab": uuid.uuid4(),
        "heartbeat": presence.EVERY_SECONDS,
        "may_see_people": may(request.user, "contacts.view_contact"),
        "may_add_pictures": may(request.user, "mailer.add_picture"),
        "has_test": pages.exists("test"),
        "may_test": may(request.user, CHANGE, mailing),
    }
    return TemplateResponse(request, "staff/mailings/write.html", context, status=status)


def blocks_context(
    request: HttpRequest, mailing: Mailing, text: MailingText, problems: list[writing.Problem], done: _Done
) -> dict[str, Any]:
    """What the list of blocks needs, alone or in its page."""
    open_now = is_open(request, mailing)
    library = visible(request.user, Picture.objects.all())
    form = block_forms.Form(
        text.blocks,
        pictures=library.in_bulk(list(block_forms.pictures_of(text.blocks))),
        may_write_mjml=may_write_mjml(request),
    )
    return {
        "mailing": mailing,
        "is_open": open_now,
        "form": form,
        "problems": problems,
        "palette": done.palette,
        "kinds": [kind for kind in writing.KINDS.values() if kind.name != "mjml" or may_write_mjml(request)],
        "saved_blocks": visible(request.user, SavedBlock.objects.order_by("name"))[:50] if open_now else [],
        "library": library.order_by("-pk")[:100] if open_now else [],
        "removed": block_forms.sealed(list(done.removed)) if done.removed else "",
        "removed_said": block_forms.said(done.removed[0]) if done.removed else "",
        "said": done.said,
        "may_keep_blocks": may(request.user, "mailer.add_savedblock"),
    }


def language_tabs(mailing: Mailing, here: str) -> list[dict[str, Any]]:
    """The languages of the mailing, the main one first, with what each still lacks."""
    lacking = {gap.language for gap in languages.gaps(mailing)}
    return [
        {
            "code": code,
            "name": language_name(code),
            "url": url(mailing, code),
            "here": code == here,
            "is_main": code == mailing.language,
            "is_complete": code not in lacking,
        }
        for code in languages.written(mailing)
    ]


def others_words(mailing: Mailing, request: HttpRequest) -> list[str]:
    """Who else has the mailing open, as sentences."""
    said = []
    for one in presence.others(mailing, who(request)):
        names = {
            "name": one.user.get_short_name() or one.user.get_username(),
            "language": language_name(one.language),
        }
        said.append(
            _("%(name)s has this open (%(language)s).") % names
            if one.language
            else _("%(name)s has this open.") % names
        )
    return said


@pages.register("presence", permission=CHANGE)
def sign_of_life(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    return _sign_of_life(request, mailing)


@require_POST
def _sign_of_life(request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Who has the page open says so, and is told of the others; with `gone` it is closed."""
    try:
        tab = uuid.UUID(request.POST.get("tab", ""))
    except ValueError:
        return JsonResponse({}, status=400)
    if "gone" in request.POST:
        presence.gone(mailing, who(request), tab)
        return HttpResponse(status=204)
    language = request.POST.get("language", "")
    known = mailing.texts.filter(language=language).exists()
    presence.seen(mailing, who(request), tab, language if known else "")
    return JsonResponse({"others": others_words(mailing, request)})
