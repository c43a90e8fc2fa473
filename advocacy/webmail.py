"""Where somebody reads their mail, told from nothing but the domain of the address they typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Webmail:
    """A mail service in the browser."""

    name: str
    href: str


_SERVICES = {
    Webmail("Gmail", "https://mail.google.com/mail/"): "gmail.com googlemail.com",
    Webmail("Outlook", "https://outlook.live.com/mail/"): (
        "outlook.com outlook.fr outlook.es outlook.de hotmail.com hotmail.co.uk hotmail.fr hotmail.es live.com "
        "live.fr live.co.uk msn.com"
    ),
    Webmail("Yahoo Mail", "https://mail.yahoo.com/"): (
        "yahoo.com yahoo.co.uk yahoo.fr yahoo.es yahoo.de yahoo.it yahoo.in yahoo.co.in yahoo.com.br yahoo.com.mx "
        "yahoo.com.ar yahoo.co.id yahoo.com.ph ymail.com rocketmail.com"
    ),
    Webmail("iCloud Mail", "https://www.icloud.com/mail/"): "icloud.com me.com mac.com",
    Webmail("Proton Mail", "https://mail.proton.me/"): "proton.me protonmail.com pm.me",
    Webmail("GMX", "https://www.gmx.net/"): "gmx.net gmx.de gmx.at gmx.ch",
    Webmail("WEB.DE", "https://web.de/"): "web.de",
    Webmail("Orange", "https://messagerie.orange.fr/"): "orange.fr wanadoo.fr",
    Webmail("Laposte", "https://www.laposte.net/accueil"): "laposte.net",
    Webmail("Libero", "https://login.libero.it/"): "libero.it",
    Webmail("Fastmail", "https://app.fastmail.com/"): "fastmail.com fastmail.fm",
    Webmail("Zoho Mail", "https://mail.zoho.com/"): "zoho.com zohomail.com",
    Webmail("Rediffmail", "https://mail.rediff.com/"): "rediffmail.com",
    Webmail("Naver", "https://mail.naver.com/"): "naver.com",
    Webmail("Daum", "https://mail.daum.net/"): "daum.net hanmail.net",
}
_BY_DOMAIN = {domain: service for service, domains in _SERVICES.items() for domain in domains.split()}


def of(address: str) -> Webmail | None:
    """The service behind `address`, if its domain names one; nobody is asked."""
    return _BY_DOMAIN.get(address.rpartition("@")[2].lower())
