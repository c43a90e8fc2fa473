"""Sign in by the organisation's own identity provider (OpenID Connect).

It opens the door only to somebody who works here already: an active member of staff whose address is the one the
provider says it has verified. Nothing of what the provider tells is stored, and no account is made of it.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.signin import provider_roles, second_factor

logger = logging.getLogger(__name__)

PROVIDER = "oidc"


class ProviderAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's own, which also checks the signature of the token, and that both answers are of one person."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("no id_token")
        login: SocialLogin = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        # OpenID Connect Core 5.3.2: an answer of another person must not be used.
        if told["userinfo"].get("sub") != told["id_token"].get("sub"):
            raise OAuth2Error("two persons in one answer")
        return login

    def get_provider(self) -> Any:
        provider = super().get_provider()
        provider.oauth2_adapter_class = ProviderAdapter  # it asks by this one as well, not only we
        return provider

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return f"{settings.SITE_URL}{reverse('oidc_callback')}"

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


class SocialAdapter(DefaultSocialAccountAdapter):
    """Turns the provider's word into a sign-in, or says that nobody here goes by it."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        told = sociallogin.account.extra_data
        user = _member_of_staff(told["userinfo"])
        if user is None or sociallogin.state.get("process") != "login":
            logger.warning("a sign-in by the identity provider led to no member of staff")
            raise ImmediateHttpResponse(_refusal(request))
        if request.user.is_authenticated:
            logout(request)
        if provider_roles.follow(user, _groups_told(told)):
            user = User.objects.get(pk=user.pk)  # whose rights nobody has asked for yet
        if _was_second_factor(told["id_token"]):
            second_factor.was_proven_elsewhere(request)
        record_authentication(request, user, "socialaccount", provider=PROVIDER)
        login = Login(user=user, redirect_url=sociallogin.get_redirect_url(request))
        raise ImmediateHttpResponse(perform_login(request, login))

    def on_authentication_error(self, request: HttpRequest, provider: Any, **kwargs: Any) -> None:
        # The provider's words may hold anything; its class says enough to whoever reads the log.
        cause = type(kwargs.get("exception")).__name__
        logger.warning("a sign-in by the identity provider failed: %s %s", kwargs.get("error"), cause)
        raise ImmediateHttpResponse(_refusal(request))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False


@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the visitor to the provider. A link, not a form: the page's policy lets no form lead to another site.

    Nothing is changed by it but the visitor's own session.
    """
    return _view(OAuth2LoginView, request)


@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The provider sends the visitor back with its word for them; it is good once, and in the session that asked."""
    return _view(OAuth2CallbackView, request)


def _view(kind: Any, request: HttpRequest) -> HttpResponse:
    if not settings.OIDC_ISSUER:
        raise Http404
    try:
        answer: HttpResponse = kind.adapter_view(ProviderAdapter(request, PROVIDER))(request)
    except (OSError, ValueError, KeyError):
        logger.warning("the identity provider did not answer as one", exc_info=True)
        return _refusal(request)
    return answer


def _member_of_staff(userinfo: dict[str, Any]) -> User | None:
    """The one active member of staff with the address the provider has verified; None if there is none, or two."""
    address = userinfo.get("email")
    # Some providers say "true" as a string; any other value is no promise.
    if (
        userinfo.get("email_verified") not in {True, "true"}
        or not isinstance(address, str)
        or "\0" in address
    ):
        return None
    found = list(User.objects.filter(email__iexact=address, is_active=True, is_staff=True)[:2])
    return found[0] if address and len(found) == 1 else None


def _groups_told(told: dict[str, Any]) -> Any:
    """What the provider says of groups: in its token, which it signed, or else in its answer about the person."""
    name = settings.OIDC_GROUPS_CLAIM
    return told["id_token"].get(name, told["userinfo"].get(name))


def _was_second_factor(claims: dict[str, Any]) -> bool:
    """Whether the provider says that it asked for more than one factor (RFC 8176)."""
    methods = claims.get("amr")
    return isinstance(methods, list) and "mfa" in methods


def _refusal(request: HttpRequest) -> HttpResponse:
    account_adapter(request).add_message(
        request,
        messages.ERROR,
        message=gettext(
            "The sign-in did not succeed. Nobody here goes by this address, or the sign-in took too long."
        ),
    )
    return HttpResponseRedirect(reverse("account_login"))
