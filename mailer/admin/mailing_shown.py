"""Which part of the audience sees a block: a rule tree, put together as a segment's is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.desk import who
from accounts.permissions import require
from contacts.admin import segment_parts
from contacts.admin.segments import look
from contacts.models import Segment
from contacts.segments import compiling, editing, rules, trees
from contacts.segments.editing import Draft
from contacts.segments.trees import Problem, RuleError
from mailer.admin import block_forms, mailing_write, pages
from mailer.mailings import arranging, texts
from mailer.mailings.texts import ClosedError, Content, OvertakenError
from mailer.models import Mailing, MailingText

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin


@pages.register("shown", permission=mailing_write.CHANGE)
def shown(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    text = mailing_write.text_of(mailing, asked.get("language", ""))
    block = _block(text, asked.get("block", ""))
    fields = rules.fields(who(request))
    if request.method != "POST":
        tree = block.get("shown_to")
        draft = editing.from_json(tree, fields) if tree else editing.blank()
        return _page(desk, request, mailing, text, block, draft, fields)
    require(request.user, mailing_write.CHANGE, mailing)
    if request.POST.get("act") == "everybody":
        block.pop("shown_to", None)
        return _save(desk, request, mailing, text)
    draft = editing.from_post(request.POST)
    editing.settle(draft, fields)
    if request.POST.get("act") == "save":
        try:
            tree = editing.read(draft, who(request), fields)
            compiling.check_use(tree, Segment())
        except RuleError as error:
            return _page(desk, request, mailing, text, block, draft, fields, wrong=error.problems)
        block["shown_to"] = trees.as_json(tree)
        return _save(desk, request, mailing, text)
    focus = editing.act(draft, request.POST.get("act", ""))
    return _page(desk, request, mailing, text, block, draft, fields, focus=focus)


def _block(text: MailingText, block_id: str) -> block_forms.Block:
    found = arranging.find(text.blocks, block_id)
    if found is None:
        raise Http404
    return found[0][found[1]]


def _save(desk: MailingAdmin, request: HttpRequest, mailing: Mailing, text: MailingText) -> HttpResponse:
    """The text as it was when the page was asked for, with the one block changed."""
    try:
        texts.save(text, text.version, Content.of(text), who(request))
    except ClosedError:
        said = _("The mailing is no longer being written; nothing was saved.")
        desk.message_user(request, said, messages.WARNING)
    except OvertakenError as overtaken:
        return HttpResponseRedirect(f"{pages.url(mailing, 'merge')}?revision={overtaken.mine.pk}")
    url = mailing_write.url(mailing, text.language)
    return HttpResponseRedirect(f"{url}#block-{request.POST.get('block', '')}")


def _page(
    desk: MailingAdmin,
    request: HttpRequest,
    mailing: Mailing,
    text: MailingText,
    block: block_forms.Block,
    draft: Draft,
    fields: editing.Fields,
    *,
    wrong: list[Problem] | None = None,
    focus: int | None = None,
) -> HttpResponse:
    found = look(request, draft, Segment(), fields) if wrong is None else {}
    if wrong is None:
        for part in draft.all_parts():
            part.problems.clear()  # a rule half written is no mistake before somebody wants to save it
    is_part = bool(request.headers.get("HX-Request"))
    context = {
        **desk.page_context(request, mailing, "write", _("Who sees this block")),
        "text": text,
        "shown_block": block,  # not "block": inside {% block %} that is Django's own
        "said": block_forms.said(block),
        "root": segment_parts.shown(draft, fields, who(request)),
        "wrong": segment_parts.listed(draft, wrong or []),
        "focus": focus,
        "is_part": is_part,
        **found,
    }
    name = "staff/_segment_builder.html" if is_part else "staff/mailings/shown.html"
    return TemplateResponse(request, name, context)
