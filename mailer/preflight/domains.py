"""Whether receivers can trust mails of a sender: SPF, DKIM and DMARC of its domain, and the records to copy.

RELIABILITY §3: all rules at any volume. A domain that fails stops mailings; a person may overrule it with a reason.
Outside production no mail reaches a real mailbox, so there the domain is looked up on its page only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from mailer.models import Mailing, Sender
from mailer.preflight import dkim, dmarc, spf
from mailer.preflight.dns_lookup import Lookup, NoAnswer, live
from mailer.preflight.findings import ERROR, OK, WARNING, Finding
from mailer.preflight.provider_records import asked_of

GROUP = "domain"

# RFC 2606 and RFC 6761: nobody can own these.
_FOR_EXAMPLES = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record as it is to be copied. An empty value: the provider shows it. is_there: it stands so already."""

    kind: str
    name: str
    value: str
    is_there: bool
    note: str = ""  # a word of `words.RECORD_NOTES`


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the domain of a sender found."""

    domain: str
    findings: list[Finding]
    records: list[DnsRecord]

    def as_json(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "findings": [one.as_json() for one in self.findings],
            "records": [asdict(one) for one in self.records],
        }


def of_mailing(mailing: Mailing, lookup: Lookup | None = None) -> list[Finding]:
    """The findings for the preflight, looked up now and kept on the sender. `lookup`: for tests, instead of the DNS."""
    sender = mailing.sender
    if sender is None:
        return [Finding(ERROR, "no_sender", GROUP)]
    if lookup is None and not settings.PRODUCTION:
        return [Finding(OK, "domain_not_asked", GROUP, {"domain": domain_of(sender)})]
    return look_and_keep(sender, lookup or live).findings


def look_and_keep(sender: Sender, lookup: Lookup = live) -> Look:
    """Look at the domain now and keep what was found on the sender. No transaction may be open: the DNS is asked."""
    found = look(sender, lookup)
    Sender.objects.filter(pk=sender.pk).update(dns=found.as_json(), dns_checked_at=Now())
    return found


def look_at_all(lookup: Lookup = live) -> int:
    """The daily look at every sender that a mailing names or that was looked at before. Returns how many."""
    used = Sender.objects.filter(
        Exists(Mailing.objects.filter(sender=OuterRef("pk"))) | Q(dns_checked_at__isnull=False)
    )
    count = 0
    # The oldest first: should the time not suffice for all, the others come next.
    for sender in used.order_by(F("dns_checked_at").asc(nulls_first=True)):
        if not is_for_examples(domain_of(sender)):
            look_and_keep(sender, lookup)
            count += 1
    return count


def look(sender: Sender, lookup: Lookup = live) -> Look:
    """SPF, DKIM, DMARC, their alignment, and whether answers arrive. Changes nothing; never raises for the DNS."""
    domain = domain_of(sender)
    if is_for_examples(domain):
        return Look(domain, [Finding(ERROR, "domain_for_examples", GROUP, {"domain": domain})], [])
    findings: list[Finding] = []
    records: list[DnsRecord] = []
    for part in (_spf, _dkim, _dmarc, _alignment, _answers):
        try:
            part(sender, lookup, findings, records)
        except NoAnswer as silent:
            findings.append(_wrong("dns_silent", part.__name__, domain=str(silent)))
    return Look(domain, findings, records)


def domain_of(sender: Sender) -> str:
    """The domain a reader sees in From, as the DNS has it."""
    domain = sender.address.rpartition("@")[2].strip().lower()
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def signing_domain(sender: Sender) -> str:
    """The domain in the DKIM signature."""
    return settings.MAIL_DOMAIN.lower() if asked_of(sender).signs_as_mail_domain else domain_of(sender)


def bounce_domain(sender: Sender) -> str:
    """The domain of the envelope's sender, whose SPF record receivers read."""
    of_ours = sender.road == Sender.Road.SMTP or asked_of(sender).signs_as_mail_domain
    return settings.MAIL_DOMAIN.lower() if of_ours else domain_of(sender)


def is_for_examples(domain: str) -> bool:
    return any(domain == name or domain.endswith(f".{name}") for name in _FOR_EXAMPLES)


# --- one part each ------------------------------------------------------------------------------------------


def _spf(sender: Sender, lookup: Lookup, findings: list[Finding], records: list[DnsRecord]) -> None:
    domain, include = bounce_domain(sender), asked_of(sender).include
    found = spf.read(domain, lookup)
    has_include = not include or include in found.includes
    said: dict[str, Any] = {"domain": domain, "include": include, "lookups": found.lookups}
    if len(found.records) > 1:
        findings.append(_wrong("spf_twice", domain, **said))
    elif not found.records:
        findings.append(_wrong("spf_missing", domain, **said))
    elif found.broken:
        findings.append(_wrong("spf_broken", domain, **said, part=found.broken))
    elif found.lookups > spf.MOST_LOOKUPS:
        findings.append(_wrong("spf_lookups", domain, **said))
    elif not has_include:
        findings.append(_wrong("spf_provider", domain, **said))
    elif found.allows_all:
        findings.append(_wrong("spf_allows_all", domain, **said))
    else:
        findings.append(Finding(OK, "spf_ok", GROUP, said))
    if found.void > spf.MOST_VOID:
        findings.append(Finding(WARNING, "spf_void", GROUP, said))
    own = found.records[0] if len(found.records) == 1 else ""
    wanted = own if own and has_include else spf.with_mechanism(own, _mechanism(sender))
    records.append(DnsRecord("TXT", domain, wanted, is_there=wanted == own))


def _dkim(sender: Sender, lookup: Lookup, findings: list[Finding], records: list[DnsRecord]) -> None:
    domain = signing_domain(sender)
    selectors = [word.strip().lower() for word in sender.dkim_selectors.split(",") if word.strip()]
    if not selectors:
        findings.append(_wrong("dkim_no_selector", domain, domain=domain))
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        texts = lookup(name, "TXT")
        findings.append(_of_key(name, texts))
        records.append(
            DnsRecord(
                "TXT",
                name,
                texts[0] if len(texts) == 1 else "",
                bool(texts),
                note="" if texts else "provider",
            )
        )


def _of_key(name: str, texts: list[str]) -> Finding:
    if not texts:
        return _wrong("dkim_missing", name, name=name)
    if len(texts) > 1:
        return _wrong("dkim_twice", name, name=name)
    key = dkim.read(texts[0])
    if key.state != "ok":
        return _wrong(f"dkim_{key.state}", name, name=name)
    said = {"name": name, "bits": key.bits}
    if key.is_ed25519:
        return Finding(OK, "dkim_ok", GROUP, said)
    if key.bits < dkim.LEAST_BITS:
        return _wrong("dkim_short", name, **said)
    if key.is_test:
        return Finding(WARNING, "dkim_test", GROUP, said)
    if key.bits < dkim.ADVISED_BITS:
        return Finding(WARNING, "dkim_advised", GROUP, said)
    return Finding(OK, "dkim_ok", GROUP, said)


def _dmarc(sender: Sender, lookup: Lookup, findings: list[Finding], records: list[DnsRecord]) -> None:
    domain = domain_of(sender)
    found = dmarc.find(domain, lookup)
    said = {"domain": found.record.domain if found.record else domain, "policy": found.policy}
    if found.twice:
        findings.append(_wrong("dmarc_twice", domain, domain=found.twice))
    elif found.record is None:
        findings.append(_wrong("dmarc_missing", domain, domain=domain))
    elif not found.policy:
        findings.append(_wrong("dmarc_nothing", domain, **said))
    elif found.record.is_test:
        findings.append(Finding(WARNING, "dmarc_test", GROUP, said))
    else:
        findings.append(Finding(OK, "dmarc_none" if found.policy == "none" else "dmarc_ok", GROUP, said))
    if found.record is None:
        wanted = f"v=DMARC1; p=none; rua=mailto:dmarc@{found.organisation}"
        records.append(DnsRecord("TXT", f"_dmarc.{found.organisation}", wanted, is_there=False))


def _alignment(sender: Sender, lookup: Lookup, findings: list[Finding], records: list[DnsRecord]) -> None:
    """Without one of the two DMARC fails, whatever they say by themselves."""
    domain, signing, bounces = domain_of(sender), signing_domain(sender), bounce_domain(sender)
    record = dmarc.find(domain, lookup).record
    tags = record.tags if record else {}
    by_dkim = dmarc.are_aligned(domain, signing, lookup, strict=tags.get("adkim", "r").lower() == "s")
    by_spf = dmarc.are_aligned(domain, bounces, lookup, strict=tags.get("aspf", "r").lower() == "s")
    if by_dkim or by_spf:
        findings.append(Finding(OK, "aligned", GROUP, {"domain": domain}))
    else:
        findings.append(_wrong("not_aligned", domain, domain=domain, signing=signing, bounces=bounces))


def _answers(sender: Sender, lookup: Lookup, findings: list[Finding], records: list[DnsRecord]) -> None:
    """Readers answer newsletters, and bounces come back by mail on the road of our own relay."""
    address = sender.reply_to or sender.address
    wanted = [address.rpartition("@")[2].strip().lower()]
    if sender.road == Sender.Road.SMTP:
        wanted.append(bounce_domain(sender))
    for domain in dict.fromkeys(wanted):
        servers = [text.split()[-1] for text in lookup(domain, "MX")]
        takes_mail = any(server != "." for server in servers)  # "0 ." says: no mail here (RFC 7505)
        if not servers:
            takes_mail = bool(lookup(domain, "A") or lookup(domain, "AAAA"))
        findings.append(
            Finding(OK, "mx_ok", GROUP, {"domain": domain})
            if takes_mail
            else Finding(WARNING, "mx_missing", GROUP, {"domain": domain}, about=domain)
        )


def _mechanism(sender: Sender) -> str:
    """What the record says of whoever sends: the provider's own record, or the relay's address."""
    if include := asked_of(sender).include:
        return f"include:{include}"
    relay = urlsplit(settings.SMTP_RELAY_URL).hostname
    return f"a:{relay}" if sender.road == Sender.Road.SMTP and relay else ""


def _wrong(code: str, about: str, **values: Any) -> Finding:
    return Finding(ERROR, code, GROUP, values, about=about, may_override=True)
