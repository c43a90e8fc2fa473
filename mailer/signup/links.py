"""The two links of a sign-up, made from its row and stored nowhere (mailer/seals.py)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from contacts.addresses import parse
from contacts.models import Contact
from mailer import seals
from mailer.models import SignUp
from mailer.seals import Gone
from mailer.signup.wording import page_language

CONFIRM, NOT_ME = "mailer.signup.confirm", "mailer.signup.not-me"
# A second click within the hour finds the page it expects instead of a dead link; it confirms nothing more.
SECOND_CLICK = timedelta(hours=1)
NOT_ME_DAYS = timedelta(days=365)


def confirm(sign_up: SignUp) -> str:
    return _absolute("confirm", CONFIRM, sign_up)


def not_me(sign_up: SignUp) -> str:
    return _absolute("not_me", NOT_ME, sign_up)


def token(purpose: str, sign_up: SignUp) -> str:
    return seals.make(purpose, sign_up.pk, sign_up.nonce)


def read(purpose: str, text: str) -> SignUp:
    """The sign-up a token stands for, with its list. Raises Gone for any that is not alive. Changes nothing."""
    found = SignUp.objects.select_related("mailing_list").filter(pk=seals.row_of(text)).first()
    seals.check(purpose, text, found.nonce if found else None)
    if found is None or not _is_alive(purpose, found):
        raise Gone
    return found


def contact_of(sign_up: SignUp) -> Contact | None:
    """The contact with the address of a sign-up; None where there is none, or none any more."""
    if not sign_up.address:
        return None
    return Contact.objects.filter(address_key=parse(sign_up.address).key).first()


def _is_alive(purpose: str, sign_up: SignUp) -> bool:
    now = timezone.now()
    if purpose == NOT_ME:
        return now < sign_up.created_at + NOT_ME_DAYS
    if sign_up.denied_at is not None:
        return False
    if sign_up.confirmed_at is not None:
        return now < sign_up.confirmed_at + SECOND_CLICK
    return now < sign_up.expires_at


def _absolute(name: str, purpose: str, sign_up: SignUp) -> str:
    with translation.override(page_language(sign_up.language)):
        return f"{settings.SITE_URL}{reverse(f'mailer:{name}', args=[token(purpose, sign_up)])}"
