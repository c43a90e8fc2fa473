"""Why a letter is held, a route is marked or a mail of ours was called off: the words of `mailer.reasons` for letters."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from mailer import reasons


def know_ours() -> None:
    """Tell the desk our reasons. Safe to repeat."""
    reasons.know(*_OURS)


_OURS = (
    # suspicion.py, abuse.py
    gettext_noop("holds “%(word)s” (%(language)s word list)"),
    gettext_noop("the supporter's address is the representative's own"),
    gettext_noop(
        "%(people)s or more other people wrote their own letters from the same network within a day"
    ),
    gettext_noop("a field that people do not see was filled in"),
    gettext_noop("the form was filled in within %(seconds)s seconds"),
    gettext_noop("sent while very many letters came in, without a proof of work"),
    # routes.py, receivers.py, reports.py, dispatching.py, letters.py
    gettext_noop("this person asked not to be written to"),
    gettext_noop("no usable address is known"),
    gettext_noop("the address is marked “%(state)s”: %(why)s"),
    gettext_noop("the address is marked “%(state)s”"),
    gettext_noop("the address is marked: %(why)s"),
    gettext_noop("the address is broken"),
    gettext_noop("the mandate has ended"),
    gettext_noop("only a web form is known"),
    gettext_noop("the campaign's test address is broken"),
    gettext_noop("the office reported a letter as spam"),
    gettext_noop("an office reported a letter of this writer"),
    gettext_noop("the office asked for no more letters"),
    gettext_noop("the letter could not be written as a mail"),
    gettext_noop("the campaign holds every letter for a look"),
    # mails.py, letters.py, retention.py: mails that were called off
    gettext_noop("the submission is gone"),
    gettext_noop("it was confirmed already"),
    gettext_noop("its time to be confirmed is over"),
    gettext_noop("the address was corrected"),
    gettext_noop("withdrawn by the supporter"),
    gettext_noop("withdrawn by the campaign"),
    gettext_noop("the owner of the mailbox said it was not them"),
    gettext_noop("its writer was erased"),
    # expressions of support
    gettext_noop("the expression is gone"),
    # a route's state inside them
    gettext_noop("bounced"),
    gettext_noop("does not want letters here"),
    gettext_noop("no longer given by its source"),
)
