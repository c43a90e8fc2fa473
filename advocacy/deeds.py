"""What staff do with campaigns, letters and those who are written to, as the log of staff acts keeps it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import audit
from mailer.reasons import in_words


@audit.kept
class Did(models.TextChoices):
    STOPPED = "advocacy.stopped", _("Stopped.")
    STARTED = "advocacy.started", _("Started again.")
    TEST_MODE_LEFT = "advocacy.test_mode_left", _("Left test mode.")
    TEST_MODE_BACK = "advocacy.test_mode_back", _("Back to test mode.")
    LOOK = "advocacy.look", _("Look changed.")
    SITES = "advocacy.sites", _("Changed the sites that may show the form.")
    TEXT_COPIED = "advocacy.text_copied", _("Begun with a copy.")

    MEMBER_ADDED = "advocacy.member_added", _("Added as a member of the campaign.")
    MEMBER_MADE = "advocacy.member_made", _("Added an organisation as a member.")
    MEMBER_LIST = "advocacy.member_list", _("Chose the mailing list its page offers.")
    FIGURES_TAKEN = "advocacy.figures_taken", _("Took the members' figures as %(format)s.")

    LETTER_RELEASED = "advocacy.letter_released", _("Released. It had been held: “%(why)s”")
    LETTER_REFUSED = "advocacy.letter_refused", _("Refused: “%(why)s”")
    LETTER_HELD = "advocacy.letter_held", _("Held: “%(why)s”")
    LETTER_WITHDRAWN = "advocacy.letter_withdrawn", _("Withdrawn.")

    SUPPORT_PUBLISHED = "advocacy.support_published", _("Published.")
    SUPPORT_REFUSED = "advocacy.support_refused", _("Not published: “%(why)s”")
    SUPPORT_KEPT = "advocacy.support_kept", _("Stays, though reported.")
    SUPPORT_FIRST = "advocacy.support_first", _("Shown first.")
    SUPPORT_NOT_FIRST = "advocacy.support_not_first", _("No longer shown first.")
    SUPPORT_TYPED = "advocacy.support_typed", _("Typed at the desk and published.")
    SUPPORT_CORRECTED = "advocacy.support_corrected", _("Corrected.")

    IMPORTED = "advocacy.imported", _("Imported.")
    POSTCODES = "advocacy.postcodes", _("Imported %(pairs)s pairs of %(country)s.")
    EXPORTED = "advocacy.exported", _("Exported %(count)s rows as %(format)s.")


# Why a letter was held is a machine's reason or a person's: the one is translated, the other stands as it was typed.
audit.says("because")(in_words)
