"""The mail providers that Anymail speaks to, and the variables of the environment that each needs.

A variable has the name of Anymail's own setting, https://anymail.dev/en/stable/esps/. Knows nothing of Django's settings:
they ask it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider needs to be sent by, and what else can be said of it; each variable with an example."""

    needed: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)
    package: str = ""  # that Anymail imports to send by it, and that we do not install


PROVIDERS: dict[str, Provider] = {
    "amazon_ses": Provider(
        {"AMAZON_SES_TOPICS": "arn:aws:sns:eu-west-1:123456789012:mail"},
        {"AMAZON_SES_CONFIGURATION_SET_NAME": "mail", "AMAZON_SES_MESSAGE_TAG_NAME": "kind"},
        package="boto3",
    ),
    "brevo": Provider({"BREVO_API_KEY": "xkeysib-…"}),
    "mailersend": Provider(
        {"MAILERSEND_API_TOKEN": "mlsn.…", "MAILERSEND_SIGNING_SECRET": "…"},
        {"MAILERSEND_INBOUND_SECRET": "…"},
    ),
    "mailgun": Provider({"MAILGUN_API_KEY": "key-…", "MAILGUN_WEBHOOK_SIGNING_KEY": "…"}),
    "mailjet": Provider({"MAILJET_API_KEY": "…", "MAILJET_SECRET_KEY": "…"}),
    "mailtrap": Provider(
        {"MAILTRAP_API_TOKEN": "…"}, {"MAILTRAP_TRACKING_SECRET": "…", "MAILTRAP_INBOUND_SECRET": "…"}
    ),
    "mandrill": Provider(
        {"MANDRILL_API_KEY": "…", "MANDRILL_WEBHOOK_KEY": "…"},
        {"MANDRILL_WEBHOOK_URL": "https://user:password@act.example.org/webhooks/mandrill/"},
    ),
    "postal": Provider(
        {
            "POSTAL_API_URL": "https://postal.example.org",
            "POSTAL_API_KEY": "…",
            "POSTAL_WEBHOOK_KEY": "MIGfMA0GCSq…",
        }
    ),
    "postmark": Provider({"POSTMARK_SERVER_TOKEN": "…"}, {"POSTMARK_MESSAGE_STREAM": "broadcast"}),
    "resend": Provider({"RESEND_API_KEY": "re_…"}),
    "scaleway": Provider(
        {"SCALEWAY_SECRET_KEY": "…", "SCALEWAY_PROJECT_ID": "…"}, {"SCALEWAY_REGION": "fr-par"}
    ),
    "sendgrid": Provider(
        {"SENDGRID_API_KEY": "SG.…"},
        {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": "MFkwEwYHKoZI…"},
    ),
    # Our own road (mailer/roads/smtp.py), not Anymail's.
    "smtp": Provider({"SMTP_RELAY_URL": "smtp://user:password@relay.example:587"}),
    "sparkpost": Provider(
        {"SPARKPOST_API_KEY": "…"}, {"SPARKPOST_API_URL": "https://api.eu.sparkpost.com/api/v1"}
    ),
    "unisender_go": Provider(
        {
            "UNISENDER_GO_API_KEY": "…",
            "UNISENDER_GO_API_URL": "https://go1.unisender.ru/ru/transactional/api/v1/",
        }
    ),
}


def anymail_settings(chosen: str, read: Callable[[str], str]) -> dict[str, str]:
    """Anymail's settings of every provider, as the environment gives them; `read` is "" for what is not set.

    Not only those of the chosen one: after a change of provider the old one goes on reporting for days.
    Raises ImproperlyConfigured with the variable's name and an example for what the chosen one lacks.
    """
    if chosen not in PROVIDERS:
        raise ImproperlyConfigured(
            f"MAIL_PROVIDER is {chosen!r}; it must be one of {', '.join(PROVIDERS)}, e.g. MAIL_PROVIDER=postmark"
        )
    package = PROVIDERS[chosen].package
    if package and find_spec(package) is None:
        raise ImproperlyConfigured(f"MAIL_PROVIDER={chosen} needs a package. Example: pip install {package}")
    for name, example in PROVIDERS[chosen].needed.items():
        if not read(name):
            raise ImproperlyConfigured(f"{name} is not set. Example: {name}={example}")
    return {name: value for name in variables() if (value := read(name))}


def variables() -> list[str]:
    """The name of every variable above."""
    return [name for provider in PROVIDERS.values() for name in (*provider.needed, *provider.more)]
