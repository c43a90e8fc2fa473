"""The form of somebody who lost their link: an address, and a token that says when the page was opened."""

from __future__ import annotations

import time
from datetime import timedelta

from django import forms
from django.core import signing

from contacts import addresses
from contacts.addresses import Address
from mailer.signup.forms import email_field

FORM_AGE = timedelta(days=2)
_SALT = "mailer.preferences.form"


class LinkForm(forms.Form):
    email = email_field()

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])


def new_token() -> str:
    return signing.dumps(time.time(), salt=_SALT)


def age_of(token: str) -> float | None:
    """Seconds since the page was opened; None for a token that is forged or older than two days."""
    if len(token) > 200:
        return None
    try:
        opened = float(signing.loads(token, salt=_SALT, max_age=FORM_AGE))
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return max(0.0, time.time() - opened)
