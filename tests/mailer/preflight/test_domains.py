"""The sender's domain as receivers see it: SPF, DKIM, DMARC, and the records to copy."""

from __future__ import annotations

import pytest

from mailer.models import Mailing, Sender
from mailer.preflight import dkim, dmarc, domains, spf
from mailer.preflight.dns_lookup import NoAnswer
from tests.factories import make_mailing, make_sender
from tests.mailer.preflight.dns_of_tests import Zone, dns, rsa_key

GOOD: Zone = {
    ("mail.bus42.org", "TXT"): ["v=spf1 include:mailgun.org ~all", "google-site-verification=x"],
    ("mailgun.org", "TXT"): ["v=spf1 include:_spf1.mailgun.org ~all"],
    ("_spf1.mailgun.org", "TXT"): ["v=spf1 ip4:192.0.2.0/24 ~all"],
    ("pic._domainkey.mail.bus42.org", "TXT"): [rsa_key(2048)],
    ("_dmarc.bus42.org", "TXT"): ["v=DMARC1; p=quarantine; rua=mailto:dmarc@bus42.org"],
    ("bus42.org", "MX"): ["10 mx.bus42.org."],
}


@pytest.fixture
def ours(settings):
    settings.MAIL_DOMAIN = "mail.bus42.org"
    settings.MAIL_PROVIDER = "mailgun"


def look(zone: Zone, **fields):
    sender = Sender(**{"address": "news@bus42.org", "dkim_selectors": "pic", **fields})
    return domains.look(sender, dns(zone))


def codes(zone: Zone, level: str = "", **fields) -> list[str]:
    return [one.code for one in look(zone, **fields).findings if level in ("", one.level)]


def test_a_domain_that_is_set_up_has_nothing_wrong(ours):
    assert codes(GOOD) == ["spf_ok", "dkim_ok", "dmarc_ok", "aligned", "mx_ok"]
    assert all(record.is_there for record in look(GOOD).records)


def test_a_domain_without_records_is_told_which_ones_to_copy(ours):
    found = look({})
    assert [one.code for one in found.findings] == [
        "spf_missing", "dkim_missing", "dmarc_missing", "not_aligned", "mx_missing",
    ]  # fmt: skip
    assert [(record.name, record.value) for record in found.records] == [
        ("mail.bus42.org", "v=spf1 include:mailgun.org ~all"),
        ("pic._domainkey.mail.bus42.org", ""),
        ("_dmarc.bus42.org", "v=DMARC1; p=none; rua=mailto:dmarc@bus42.org"),
    ]
    assert all(one.may_override for one in found.findings if one.level == "error")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({("mail.bus42.org", "TXT"): ["v=spf1 include:mailgun.org ~all", "v=spf1 -all"]}, "spf_twice"),
        ({("mail.bus42.org", "TXT"): ["v=spf1 mx -all"], ("mail.bus42.org", "MX"): ["1 a."]}, "spf_provider"),
        ({("mail.bus42.org", "TXT"): ["v=spf1 include:mailgun.org +all"]}, "spf_allows_all"),
        ({("mailgun.org", "TXT"): []}, "spf_broken"),
        ({("mailgun.org", "TXT"): ["v=spf1 include:mail.bus42.org -all"]}, "spf_broken"),
        (
            {("mail.bus42.org", "TXT"): ["v=spf1 include:mailgun.org " + "exists:%{i}.bus42.org " * 9 + "~all"]},
            "spf_lookups",
        ),
        ({("pic._domainkey.mail.bus42.org", "TXT"): ["v=DKIM1; p="]}, "dkim_revoked"),
        ({("pic._domainkey.mail.bus42.org", "TXT"): ["v=DKIM1; p=nonsense!"]}, "dkim_broken"),
        ({("pic._domainkey.mail.bus42.org", "TXT"): [rsa_key(768)]}, "dkim_short"),
        ({("pic._domainkey.mail.bus42.org", "TXT"): [rsa_key(2048), rsa_key(1024)]}, "dkim_twice"),
        ({("_dmarc.bus42.org", "TXT"): []}, "dmarc_missing"),
        ({("_dmarc.bus42.org", "TXT"): ["p=none; v=DMARC1"]}, "dmarc_missing"),
        ({("_dmarc.bus42.org", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "dmarc_twice"),
        ({("_dmarc.bus42.org", "TXT"): ["v=DMARC1; aspf=r"]}, "dmarc_nothing"),
    ],
)  # fmt: skip
def test_one_thing_wrong_in_the_dns_is_told_by_its_name_and_blocks(ours, changed, code):
    assert code in codes({**GOOD, **changed}, "error")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({("pic._domainkey.mail.bus42.org", "TXT"): [rsa_key(1024)]}, "dkim_advised"),
        ({("pic._domainkey.mail.bus42.org", "TXT"): [rsa_key(2048) + "; t=y:s"]}, "dkim_test"),
        ({("_dmarc.bus42.org", "TXT"): ["v=DMARC1; p=reject; t=y"]}, "dmarc_test"),
        ({("bus42.org", "MX"): ["0 ."]}, "mx_missing"),
    ],
)
def test_what_is_only_advised_warns_and_does_not_block(ours, changed, code):
    zone = {**GOOD, **changed}
    assert code in codes(zone, "warning")
    assert codes(zone, "error") == []


def test_a_dmarc_record_without_old_tags_and_without_a_policy_but_with_reports_is_enough(ours):
    """RFC 9989: pct, rf and ri are gone, and p is optional where somebody wants reports."""
    zone = {**GOOD, ("_dmarc.bus42.org", "TXT"): ["v=DMARC1; rua=mailto:d@bus42.org"]}
    assert codes(zone) == ["spf_ok", "dkim_ok", "dmarc_none", "aligned", "mx_ok"]


def test_an_address_elsewhere_is_not_aligned_with_the_domain_that_signs(ours):
    zone = {**GOOD, ("_dmarc.freemail.net", "TXT"): ["v=DMARC1; p=none"]}
    assert "not_aligned" in codes(zone, "error", address="coalition@freemail.net")


def test_strict_alignment_is_not_met_by_a_subdomain(ours):
    zone = {**GOOD, ("_dmarc.bus42.org", "TXT"): ["v=DMARC1; p=none; adkim=s; aspf=s"]}
    assert "not_aligned" in codes(zone, "error")
    assert "aligned" in codes(zone, address="news@mail.bus42.org")


def test_a_dns_that_is_silent_is_told_as_such_and_not_as_a_missing_record(ours):
    sender = Sender(address="news@bus42.org", dkim_selectors="pic")
    found = [one.code for one in domains.look(sender, dns(GOOD, silent="mailgun.org")).findings]
    assert found == ["dns_silent", "dkim_ok", "dmarc_ok", "aligned", "mx_ok"]


@pytest.mark.django_db
def test_outside_production_the_domain_of_the_demo_does_not_block():
    mailing = make_mailing(sender=make_sender(address="news@epistle.example"))
    found = domains.of_mailing(mailing)
    assert [(one.level, one.code) for one in found] == [("ok", "domain_not_asked")]


@pytest.mark.django_db
def test_in_production_a_name_for_examples_blocks(settings):
    settings.PRODUCTION = True
    mailing = make_mailing(sender=make_sender(address="news@epistle.example"))
    assert [(one.level, one.code) for one in domains.of_mailing(mailing)] == [
        ("error", "domain_for_examples")
    ]


@pytest.mark.django_db
def test_what_was_found_is_kept_on_the_sender_and_the_daily_look_renews_it(ours):
    sender = make_sender(address="news@bus42.org", dkim_selectors="pic")
    make_mailing(sender=sender)
    assert domains.look_at_all(dns({})) == 1
    sender.refresh_from_db()
    assert sender.dns["findings"][0]["code"] == "spf_missing"
    first = sender.dns_checked_at
    domains.look_at_all(dns(GOOD))
    sender.refresh_from_db()
    assert sender.dns["findings"][0]["code"] == "spf_ok"
    assert sender.dns_checked_at > first
    assert Mailing.objects.get().sender == sender


# --- the standards one by one


@pytest.mark.parametrize(
    ("zone", "organisation", "policy"),
    [
        ({}, "a.b.c.bus42.org", ""),
        ({"bus42.org": "v=DMARC1; p=reject"}, "bus42.org", "reject"),
        ({"bus42.org": "v=DMARC1; p=reject; sp=none"}, "bus42.org", "none"),
        ({"org": "v=DMARC1; p=none; psd=y"}, "bus42.org", "none"),
        (
            {"c.bus42.org": "v=DMARC1; p=none; psd=n", "bus42.org": "v=DMARC1; p=reject"},
            "c.bus42.org",
            "none",
        ),
        ({"a.b.c.bus42.org": "v=DMARC1; p=none", "bus42.org": "v=DMARC1; p=reject"}, "bus42.org", "none"),
    ],
)
def test_the_tree_walk_finds_the_house_and_its_policy(zone, organisation, policy):
    lookup = dns({(f"_dmarc.{name}", "TXT"): [text] for name, text in zone.items()})
    found = dmarc.find("a.b.c.bus42.org", lookup)
    assert (found.organisation, found.policy) == (organisation, policy)


def test_the_tree_walk_asks_at_most_eight_times_however_long_the_name():
    asked = []

    def lookup(name: str, kind: str) -> list[str]:
        asked.append(name)
        return []

    dmarc.find("a.b.c.d.e.f.g.h.i.j.mail.example.com", lookup)
    assert asked == [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        ("", "v=spf1 include:mailgun.org ~all"),
        ("v=spf1 mx -all", "v=spf1 mx include:mailgun.org -all"),
        ("v=spf1 a redirect=_spf.bus42.org", "v=spf1 a include:mailgun.org redirect=_spf.bus42.org"),
        ("v=spf1 a", "v=spf1 a include:mailgun.org"),
    ],
)
def test_the_provider_is_put_into_the_spf_record_before_its_end(record, wanted):
    assert spf.with_mechanism(record, "include:mailgun.org") == wanted


def test_a_record_that_includes_ever_more_is_not_followed_for_ever():
    asked = []

    def lookup(name: str, kind: str) -> list[str]:
        asked.append(name)
        return [f"v=spf1 include:x{name} include:y{name} include:z{name} -all"] if kind == "TXT" else []

    assert spf.read("bus42.org", lookup).lookups > spf.MOST_LOOKUPS
    assert len(asked) < 60


@pytest.mark.parametrize("bits", [512, 1024, 2048, 4096])
@pytest.mark.parametrize("bare", [True, False])
def test_the_length_of_a_key_is_read_in_both_of_its_forms(bits, bare):
    assert dkim.read(rsa_key(bits, bare=bare)) == dkim.Key("ok", bits)


def test_a_short_elliptic_key_is_as_good_as_a_long_one():
    key = dkim.read("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    assert (key.state, key.is_ed25519) == ("ok", True)


@pytest.mark.parametrize(
    "text", ["", "p=", "v=DKIM2; p=AAAA", "v=DKIM1; p=MA==", "v=DKIM1; p=MIIB", "p=AwMD", "x"]
)
def test_a_key_nobody_can_read_breaks_nothing(text):
    assert dkim.read(text).state in {"broken", "revoked"}


def test_the_dns_that_answers_nothing_raises_in_the_look_up_only():
    with pytest.raises(NoAnswer):
        dns({}, silent="x")("x.org", "TXT")
