"""Languages of a mailing are added and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.translation import gettext as _

from accounts.desk import who
from contacts.naming import language_name, languages
from mailer.admin import pages
from mailer.admin.mailing_write import CHANGE, url
from mailer.mailings import texts
from mailer.mailings.texts import ClosedError
from mailer.models import Mailing

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin


@pages.register("add_language", "languages/add/", permission=CHANGE)
def add(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The main text once more, to be translated; a language that is there is opened."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    language = request.POST.get("language", "")
    if language not in dict(languages()):
        desk.message_user(request, _("Please choose a language."), messages.WARNING)
        return HttpResponseRedirect(pages.url(mailing, "write"))
    try:
        texts.add_language(mailing, language, who(request))
    except ClosedError:
        return _closed(desk, request, mailing)
    return HttpResponseRedirect(url(mailing, language))


@pages.register("remove_language", "languages/remove/", permission=CHANGE)
def remove(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    text = mailing.texts.select_related("mailing").filter(language=request.POST.get("language", "")).first()
    try:
        if text is not None and texts.remove_language(text):
            said = _("%(language)s was taken away.") % {"language": language_name(text.language)}
            desk.message_user(request, said, messages.SUCCESS)
    except ClosedError:
        return _closed(desk, request, mailing)
    return HttpResponseRedirect(pages.url(mailing, "write"))


def _closed(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    said = _("The mailing is no longer being written; nothing was saved.")
    desk.message_user(request, said, messages.WARNING)
    return HttpResponseRedirect(pages.url(mailing, "write"))
