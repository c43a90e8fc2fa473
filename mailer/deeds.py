"""What staff do with mailings and single mails, as the log of staff acts keeps it (`accounts.audit`)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit


@audit.kept
class Did(models.TextChoices):
    BEGUN = "mailer.begun", _("Begun.")
    BEGUN_AFTER = "mailer.begun_after", _("Begun after mailing %(mailing)s.")
    SETTINGS = "mailer.settings", _("Changed its settings.")
    AUDIENCE = "mailer.audience", _("Changed the audience.")
    TESTED = "mailer.tested", _("Sent a test.")
    ARRIVED = "mailer.arrived", _("Settled: it arrived.")
    SENT_AGAIN = "mailer.sent_again", _("Settled: send again.")
    MANY_ARRIVED = (
        "mailer.many_arrived",
        _("Settled: they arrived. Mails: %(count)s, for example %(example)s. “%(why)s”"),
    )
    MANY_SENT_AGAIN = (
        "mailer.many_sent_again",
        _("Settled: send again. Mails: %(count)s, for example %(example)s. “%(why)s”"),
    )


@audit.says("what")
def _rows(kept: str) -> str:
    """Whose people a file holds, as `mailer.reporting.exporting` names it: "mailing 12"."""
    kind, _space, number = kept.partition(" ")
    return gettext("the people of mailing %(number)s") % {"number": number} if kind == "mailing" else kept
