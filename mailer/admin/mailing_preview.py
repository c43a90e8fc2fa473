"""The mail as its reader sees it, for a frame beside the editor: of the saved text, or by POST of what is being typed.

What staff wrote is shown here as HTML, so nothing in it may run: the answer has a policy of its own that allows no
script and no form, and the frame is sandboxed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from accounts.permissions import may, visible
from contacts.lookup import by_address
from contacts.models import Contact
from contacts.segments.trees import RuleError
from mailer import composing
from mailer.admin import mailing_write, pages
from mailer.mailings.texts import Content
from mailer.models import Mailing, MailingRevision, MailingText
from mailer.writing import conditions, fields, rendering
from mailer.writing.rendering import Rendered

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

_BODY = re.compile(r"<body[^>]*>")
_DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


def policy() -> str:
    """What a previewed mail may do: show itself. Styles stand in it as in every mail."""
    return (
        "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'; form-action 'none'; base-uri 'none'; sandbox allow-same-origin"
    )


@pages.register("preview")
def preview(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Changes nothing, whatever its method."""
    asked = request.POST if request.method == "POST" else request.GET
    person, said = _person(request, asked.get("show_as", ""))
    try:
        text = _text(request, mailing, asked)
        mail = rendering.render(text, part=_part(text, person), draft=True)
    except ValidationError as error:
        return _framed(_problem(error.messages))
    mail = filled(mail, person, text.language)
    if asked.get("show_what") == "text":
        return _framed(_as_text(mail, text.language, said))
    return _framed(_as_mail(mail, text.language, said, dark="show_dark" in asked))


def _text(request: HttpRequest, mailing: Mailing, asked: QueryDict) -> MailingText:
    """The text to show: what is typed, a revision, or what is saved in the language asked for."""
    typed_in = asked.get("language", "")
    language = asked.get("show_language") or typed_in
    text = mailing_write.text_of(mailing, language)
    text.mailing = mailing
    content = None
    if request.method == "POST" and language == typed_in:
        content = mailing_write.content_in(request)
    elif revision := _revision(text, asked.get("revision", "")):
        content = Content.from_json(revision.content)
    for name, value in content.as_json().items() if content else ():
        setattr(text, name, value)
    return text


def _revision(text: MailingText, number: str) -> MailingRevision | None:
    if text.pk is None or not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    return text.revisions.filter(pk=int(number)).first()


def _person(request: HttpRequest, address: str) -> tuple[Contact | None, str]:
    """The contact of an address, if the person at the desk may see contacts; and what is to be said of it."""
    if not address.strip() or not may(request.user, "contacts.view_contact"):
        return None, ""
    rows = visible(request.user, Contact.objects.filter(address_hash__isnull=False))
    person = by_address(rows, address).first()
    return person, "" if person else _("No contact has this address.")


def _part(text: MailingText, person: Contact | None) -> int:
    """Which blocks are shown: all of them, or those for the person."""
    if person is None:
        return conditions.ALL
    try:
        return conditions.part_of(conditions.in_texts([text.blocks]), person)
    except RuleError as error:
        raise ValidationError(_("A rule of a block cannot be read: %(why)s") % {"why": error}) from error


def filled(mail: Rendered, person: Contact | None, language: str) -> Rendered:
    """The mail with a person's values; for nobody, with what stands in for them, or else the name of the field."""
    values = fields.values(_columns(person), mail.fields, language) if person else {}
    labels = {one.name: f"‹{one.label}›" for one in fields.offered()}

    def fill(text: str, *, html: bool = False) -> str:
        text = composing.fill_slots(text, dict.fromkeys(fields.SLOTS, "#"), html=html)
        if person is None:
            return fields.FIELD.sub(lambda found: _stand_in(found, labels, html=html), text)
        return composing.fill(text, values, html=html, keep_unknown=True)

    return Rendered(
        subject=fill(mail.subject),
        preheader=fill(mail.preheader),
        html=fill(mail.html, html=True),
        text=fill(mail.text),
        links=mail.links,
        fields=mail.fields,
    )


def _stand_in(found: re.Match[str], labels: dict[str, str], *, html: bool) -> str:
    fallback = (found[2] or "").strip()
    if fallback:
        return fallback if not html else escape(fallback)
    shown = labels.get(found[1].removeprefix(fields.IN_ADDRESS), found[0])
    return escape(shown) if html else shown


def _columns(person: Contact) -> dict[str, object]:
    return {name: getattr(person, name) for name in fields.COLUMNS}


# --- the answer


def _as_mail(mail: Rendered, language: str, said: str, *, dark: bool) -> str:
    """The mail below the line of an inbox. Whether it is dark is chosen at the desk, not by the desk's own look."""
    html = _DARK.sub("@media all" if dark else "@media not all", mail.html)
    html = html.replace(f"{settings.SITE_URL}/pictures/", "/pictures/")  # the desk may have a name of its own
    head = render_to_string("staff/mailings/_inbox_line.html", _said(mail, language, said, dark=dark))
    body = _BODY.search(html)
    return html[: body.end()] + head + html[body.end() :] if body else head + html


def _as_text(mail: Rendered, language: str, said: str) -> str:
    return render_to_string(
        "staff/mailings/preview_text.html", {**_said(mail, language, said), "text": mail.text}
    )


def _said(mail: Rendered, language: str, said: str, *, dark: bool = False) -> dict[str, object]:
    return {
        "mail": mail,
        "said": said,
        "language": language,
        "dir": composing.direction_of(language),
        "desk_dir": "rtl" if get_language_bidi() else "ltr",
        "dark": dark,
    }


def _problem(sentences: list[str]) -> str:
    return render_to_string("staff/mailings/preview_problem.html", {"sentences": sentences})


def _framed(html: str) -> HttpResponse:
    answer = HttpResponse(html)
    answer["Content-Security-Policy"] = policy()
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["Cache-Control"] = "no-store"
    return answer
