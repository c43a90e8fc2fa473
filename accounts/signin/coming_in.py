"""The two pages behind links of our mails: coming to work here, and a new password. Looking at them changes nothing."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.forms import SetPasswordMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import invitations, resets
from accounts.models import User
from accounts.seals import Gone
from accounts.signin.views import framed

_ANSWER_AFTER = 0.25  # seconds: looking somebody up and queueing a mail take far less (RELIABILITY A8)


class NewPasswordForm(SetPasswordMixin, forms.Form):
    """A password, typed twice."""

    password1, password2 = SetPasswordMixin.create_password_fields(
        label1=_("Password"), label2=_("Once more")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password2"].help_text = ""

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        self.validate_passwords()
        self.validate_password_for_user(self.user)
        return found


class WelcomeForm(NewPasswordForm):
    """Who somebody is who comes to work here."""

    first_name = forms.CharField(label=_("First name"), max_length=150)
    last_name = forms.CharField(label=_("Last name"), max_length=150)
    field_order = ("first_name", "last_name", "password1", "password2")


class AddressForm(forms.Form):
    address = forms.EmailField(label=_("Mail address"), max_length=254)


@sensitive_post_parameters("password1", "password2")
@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation: who somebody is, a password, and they are in."""
    try:
        invitation = invitations.read(token)
        coming = User(username=invitation.address, email=invitation.address)
        form = WelcomeForm(request.POST if request.method == "POST" else None, user=coming)
        if request.method == "POST" and form.is_valid():
            found = form.cleaned_data
            user = invitations.accept(
                invitation,
                first_name=found["first_name"],
                last_name=found["last_name"],
                password=found["password1"],
            )
            logout(request)  # of whoever used this browser before
            answer: HttpResponse = perform_password_login(
                request, {}, Login(user=user, redirect_url=reverse("admin:index"))
            )
            return answer
    except Gone:
        return _gone(request)
    return framed(request, "account/welcome.html", _("Welcome"), form=form, invitation=invitation)


@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a new password. The answer and its time are the same whoever the address belongs to."""
    began = time.monotonic()
    form = AddressForm(request.POST if request.method == "POST" else None)
    asked = request.method == "POST" and form.is_valid()
    if asked:
        resets.ask(request, form.cleaned_data["address"])
        time.sleep(max(0.0, began + _ANSWER_AFTER - time.monotonic()))
    return framed(request, "account/forgotten.html", _("A new password"), form=form, asked=asked)


@sensitive_post_parameters("password1", "password2")
@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def new_password(request: HttpRequest, token: str) -> HttpResponse:
    """The link to a new password. It signs nobody in: the second step is asked for at the door."""
    try:
        user = resets.read(token)
    except Gone:
        return _gone(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        resets.accept(user, form.cleaned_data["password1"])
        messages.success(request, gettext("Your password is changed. Please sign in with it."))
        return HttpResponseRedirect(reverse("account_login"))
    return framed(request, "account/new_password.html", _("A new password"), form=form)


def _gone(request: HttpRequest) -> HttpResponse:
    return framed(request, "account/gone.html", _("This link leads nowhere any more"), status=404)
