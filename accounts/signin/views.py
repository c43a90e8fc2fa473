"""The pages of signing in that are our own; those of second factors are allauth's, in our frame."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import REDIRECT_FIELD_NAME, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.desk import who
from accounts.logins import LoginForm
from accounts.models import User
from accounts.signin import second_factor


def framed(
    request: HttpRequest, template: str, title: Any, status: int = 200, **context: Any
) -> TemplateResponse:
    """A page in the desk's frame."""
    shown = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, shown, status=status)


@sensitive_post_parameters("password")
@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """The door of the desk. A right password leads on to the second factor, where the person has one."""
    wanted = _wanted(request)
    if request.method == "GET" and admin.site.has_permission(request):
        return HttpResponseRedirect(wanted)
    form = LoginForm(request, data=request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answer: HttpResponse = perform_password_login(
            request, {}, Login(user=form.get_user(), redirect_url=wanted)
        )
        return answer
    return framed(
        request,
        "account/login.html",
        _("Sign in"),
        form=form,
        next=wanted,
        provider=settings.OIDC_NAME if settings.OIDC_ISSUER else "",
    )


@never_cache
@login_required
@require_http_methods(["GET"])
def account(request: HttpRequest) -> HttpResponse:
    """How the person signs in, and everything they can change about it."""
    user = who(request)
    factors = list(Authenticator.objects.filter(user=user).order_by("pk"))
    kinds = {factor.type for factor in factors}
    return framed(
        request,
        "account/account.html",
        _("Your account"),
        app=next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
        passkeys=[factor.wrap() for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
        has_codes=Authenticator.Type.RECOVERY_CODES in kinds,
        is_missing=second_factor.is_missing(request),
        needs_one=settings.SECOND_FACTOR == "required" and second_factor.is_powerful(user),
        has_one=bool(kinds - {Authenticator.Type.RECOVERY_CODES}),
    )


@never_cache
@login_required
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End every session of the person but this one."""
    user: User = who(request)
    user.end_sessions()
    update_session_auth_hash(request, user)
    audit.record(user, audit.Act.SIGNED_OUT, audit.Did.SIGNED_OUT_ELSEWHERE)
    messages.success(request, gettext("You are signed out everywhere else."))
    return HttpResponseRedirect(reverse("mfa_index"))


def _wanted(request: HttpRequest) -> str:
    """The page of ours that the visitor came for; the desk's first page otherwise."""
    url = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    is_ours = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if is_ours and url != reverse("account_login") else reverse("admin:index")
