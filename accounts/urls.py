"""The addresses of signing in, in the desk's part of the site.

Loaded with every process that makes links; the pages behind them, and allauth's with them, only when one is asked
for: a worker that sends mail does not carry them.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

_OURS = "accounts.signin"
_FACTORS = "allauth.mfa"


def _page(address: str, dotted: str, name: str, title: Any = "") -> URLPattern:
    """The address of a view that is loaded when it is asked for. With a title: a page of allauth's in our frame."""

    def view(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = import_string(dotted)(request, **kwargs)
        if title and isinstance(answer, TemplateResponse):
            from django.contrib import admin

            answer.context_data = {
                **admin.site.each_context(request),
                "title": title,
                **(answer.context_data or {}),
            }
        answer["Cache-Control"] = "no-store, private"
        return answer

    return path(address, view, name=name)


urlpatterns = [
    _page("login/", f"{_OURS}.views.login", "account_login"),
    _page("login/code/", f"{_FACTORS}.base.views.authenticate", "mfa_authenticate", _("Second step")),
    _page("login/passkey/", f"{_FACTORS}.webauthn.views.login_webauthn", "mfa_login_webauthn", _("Sign in")),
    _page("welcome/<str:token>/", f"{_OURS}.coming_in.welcome", "staff_welcome"),
    _page("forgotten/", f"{_OURS}.coming_in.forgotten", "staff_forgotten"),
    _page("forgotten/<str:token>/", f"{_OURS}.coming_in.new_password", "staff_new_password"),
    _page("oidc/", f"{_OURS}.oidc.begin", "oidc_begin"),
    _page("oidc/callback/", f"{_OURS}.oidc.callback", "oidc_callback"),
    _page("account/", f"{_OURS}.views.account", "mfa_index"),
    _page("account/sign-out-elsewhere/", f"{_OURS}.views.sign_out_elsewhere", "sign_out_elsewhere"),
    _page(
        "account/again/", "allauth.account.views.reauthenticate", "account_reauthenticate", _("Is it you?")
    ),
    _page(
        "account/again/code/", f"{_FACTORS}.base.views.reauthenticate", "mfa_reauthenticate", _("Is it you?")
    ),
    _page(
        "account/again/passkey/",
        f"{_FACTORS}.webauthn.views.reauthenticate_webauthn",
        "mfa_reauthenticate_webauthn",
        _("Is it you?"),
    ),
    _page(
        "account/app/",
        f"{_FACTORS}.totp.views.activate_totp",
        "mfa_activate_totp",
        _("Set up an authenticator app"),
    ),
    _page(
        "account/app/remove/",
        f"{_FACTORS}.totp.views.deactivate_totp",
        "mfa_deactivate_totp",
        _("Remove the authenticator app"),
    ),
    _page(
        "account/codes/",
        f"{_FACTORS}.recovery_codes.views.view_recovery_codes",
        "mfa_view_recovery_codes",
        _("Recovery codes"),
    ),
    _page(
        "account/codes/new/",
        f"{_FACTORS}.recovery_codes.views.generate_recovery_codes",
        "mfa_generate_recovery_codes",
        _("New recovery codes"),
    ),
    _page(
        "account/codes/file/",
        f"{_FACTORS}.recovery_codes.views.download_recovery_codes",
        "mfa_download_recovery_codes",
    ),
    _page(
        "account/passkeys/add/",
        f"{_FACTORS}.webauthn.views.add_webauthn",
        "mfa_add_webauthn",
        _("Add a passkey"),
    ),
    _page(
        "account/passkeys/<int:pk>/name/",
        f"{_FACTORS}.webauthn.views.edit_webauthn",
        "mfa_edit_webauthn",
        _("Name a passkey"),
    ),
    _page(
        "account/passkeys/<int:pk>/remove/",
        f"{_FACTORS}.webauthn.views.remove_webauthn",
        "mfa_remove_webauthn",
        _("Remove a passkey"),
    ),
    # allauth goes there after a change; the passkeys stand on the one page of the account.
    _page("account/passkeys/", f"{_OURS}.views.account", "mfa_list_webauthn"),
]
