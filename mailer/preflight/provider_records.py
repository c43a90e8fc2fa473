"""What each mail provider asks to stand in the DNS of who sends by it, from their own set-up pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from mailer.models import Sender


@dataclass(frozen=True, slots=True)
class Asks:
    """include: what an SPF record names; "" where the provider bounces to a domain of its own, which needs none.

    signs_as_mail_domain: DKIM signs with MAIL_DOMAIN, not with the domain of the sender's address.
    """

    include: str = ""
    signs_as_mail_domain: bool = False


_PROVIDERS = {
    "mailgun": Asks("mailgun.org", signs_as_mail_domain=True),
    "amazon_ses": Asks("amazonses.com"),
    "brevo": Asks("spf.brevo.com"),
    "mailersend": Asks("_spf.mailersend.net"),
    "mailjet": Asks("spf.mailjet.com"),
    "mandrill": Asks("spf.mandrillapp.com"),
    "sendgrid": Asks("sendgrid.net"),
    "sparkpost": Asks("sparkpostmail.com"),
    # Postmark and Resend bounce to a subdomain of their making, which carries its own record.
    "postmark": Asks(),
    "resend": Asks(),
}


def asked_of(sender: Sender) -> Asks:
    """What is asked of the domain of `sender`, by the road its mails take."""
    if sender.road == Sender.Road.SMTP:
        return Asks(signs_as_mail_domain=False)
    return _PROVIDERS.get(settings.MAIL_PROVIDER, Asks())
