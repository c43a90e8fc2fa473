"""How far the words of the service itself are translated, for the page "Languages" of the desk."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from config import languages, translations
from contacts.completeness import Row, Section, Standing, sections


@sections.add
def interface(user: User) -> Iterable[Section]:
    """Buttons, sentences and mails; complete in English, which the sources are written in."""
    found = {code: translations.progress(code) for code, _name in settings.LANGUAGES}
    most = max((total for _done, total in found.values()), default=0)
    standings = {
        code: Standing(most, most) if code == languages.SOURCE else Standing(done, total or most or 1)
        for code, (done, total) in found.items()
    }
    note = _("Buttons, sentences and mails of the service. Who runs it adds and completes languages.")
    yield Section(0, _("Interface"), [Row(_("words of the service"), standings)], note)
