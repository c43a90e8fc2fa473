"""The mail to whoever started an import, once it is over: counts and a link, no address and no name of anybody."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.languages import language_of
from contacts.addresses import parse
from contacts.imports.words import problem_text
from contacts.models import Import
from mailer import house_mails, sending
from mailer.models import Delivery

_UNSEEN = {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
_LONGEST = 80  # characters of a file's name in a subject
_SETTLED = {Import.Status.DONE, Import.Status.FAILED, Import.Status.UNDONE}
# In the order of the report; only those that are not nought are told.
_COUNTS = {
    "rows": _("rows in the file"),
    "created": _("new people"),
    "updated": _("people brought up to date"),
    "unchanged": _("people who were already so"),
    "duplicates": _("rows that repeat another"),
    "rejected": _("rows rejected"),
    "suppressed": _("people who may not be mailed"),
}


def on_settled(sender: Any, import_id: int, **kwargs: Any) -> None:
    """Queue the mail about an import that is done, failed or undone. A repeat of the news mails nobody twice.

    Who has no address on their account, or was deleted meanwhile, gets none: the import's page says the same.
    """
    run = Import.objects.select_related("created_by").filter(pk=import_id, status__in=_SETTLED).first()
    if run is None or run.created_by is None:
        return
    try:
        to = parse(run.created_by.email)
    except ValidationError:
        return
    context = {"import": run.pk, "status": run.status}
    if Delivery.objects.filter(address_hash=to.hash, kind=Delivery.Kind.STAFF, context=context).exists():
        return
    language = language_of(run.created_by)
    with translation.override(language):
        problem = problem_text(run.problem) if run.problem else ""
    message = house_mails.own_message(
        "import_settled",
        language,
        from_name=house_mails.house_name(),
        status=str(run.status),
        file_name=_plain(run.file_name),
        problem=problem,
        counts=[(label, getattr(run, name)) for name, label in _COUNTS.items() if getattr(run, name)],
    )
    sending.queue(message, to=to, kind=Delivery.Kind.STAFF, context=context)


def _plain(file_name: str) -> str:
    """A file's name fit for a subject: one line, no invisible signs, not longer than one reads."""
    name = "".join(sign for sign in file_name if unicodedata.category(sign) not in _UNSEEN)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def fields(delivery: Delivery) -> Mapping[str, str]:
    """The link to the import's page, behind a login like all the desk."""
    pk = delivery.context.get("import")
    return {"link": settings.SITE_URL + reverse("admin:contacts_import_change", args=[pk])} if pk else {}
