"""allauth's forms, with our budgets: a code can be guessed at as rarely as a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import audit, logins
from accounts.models import User
from accounts.signin import codes


class _CodeMixin(forms.Form):
    user: User
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(
            label=_("Code"),
            max_length=40,
            widget=forms.TextInput(
                attrs={"autocomplete": "one-time-code", "autofocus": True, "class": "vTextField"}
            ),
        )

    def clean_code(self) -> str:
        account = f"code of {self.user.pk}"
        logins.refuse_if_spent(context.request, account)
        code: str = self.cleaned_data["code"]
        found = codes.owner_of(self.user, code)
        if found is None:
            logins.spend(context.request, account)
            audit.record(self.user, audit.Act.REFUSED, audit.Did.WRONG_CODE)
            raise get_adapter().validation_error("incorrect_code")
        self.authenticator = found
        self.authenticator.user = self.user
        return code


class CodeForm(_CodeMixin, AuthenticateForm):
    """The code asked for at sign-in."""


class CodeAgainForm(_CodeMixin, ReauthenticateForm):
    """The code asked for before factors are changed."""


class _HarmlessMixin(forms.Form):
    """A stranger's bytes reach parsers of CBOR, keys and signatures here. Whatever breaks there is no passkey."""

    def clean_credential(self) -> Any:
        with _as_a_wrong_key():
            parent: Any = super()
            return parent.clean_credential()


class PasskeySignInForm(_HarmlessMixin, LoginWebAuthnForm):
    """A passkey that signs in by itself."""


class PasskeyStepForm(_HarmlessMixin, AuthenticateWebAuthnForm):
    """A passkey as the second step."""


class PasskeyAgainForm(_HarmlessMixin, ReauthenticateWebAuthnForm):
    """A passkey, before factors are changed."""


@contextmanager
def _as_a_wrong_key() -> Iterator[None]:
    try:
        yield
    except forms.ValidationError:
        raise
    except Exception as error:
        raise get_adapter().validation_error("incorrect_code") from error


class PasskeyForm(AddWebAuthnForm):
    """A new passkey: its name, and whether it alone is enough to sign in."""

    def clean(self) -> dict[str, Any]:
        with _as_a_wrong_key():
            cleaned: dict[str, Any] = super().clean()
        return cleaned

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label=_("Name"), required=False, max_length=100)
        self.fields["passwordless"] = forms.BooleanField(
            label=_("Sign in with it alone, without a password"),
            required=False,
            initial=True,
            help_text=_(
                "It must then ask for your fingerprint, your face or a PIN. Old security keys cannot."
            ),
        )


class PasskeyNameForm(EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(label=_("Name"), max_length=100)
