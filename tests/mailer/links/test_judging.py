"""People apart from machines: each verdict with the reason that decided."""

from __future__ import annotations

import datetime as dt

import pytest

from mailer.links import agents, judging
from mailer.links.judging import Mail, Seen

ARRIVED = dt.datetime(2026, 11, 22, 10, tzinfo=dt.UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
    "Mobile/15E148 Safari/604.1"
)


def click(
    after: float = 300, link: int | None = 1, agent: str = FIREFOX, network: str = "192.0.2.0/24"
) -> Seen:
    return Seen("click", link, ARRIVED + dt.timedelta(seconds=after), agent, network)


def opened(after: float = 300, agent: str = FIREFOX) -> Seen:
    return Seen("open", None, ARRIVED + dt.timedelta(seconds=after), agent, "192.0.2.0/24")


def verdicts(*seen: Seen, arrived: dt.datetime | None = ARRIVED) -> list[tuple[str, str]]:
    return [(str(verdict), reason) for verdict, reason in judging.judge(Mail(arrived, seen))]


def test_a_click_well_after_the_delivery_is_a_person_s():
    assert verdicts(click(61)) == [("human", "click")]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (-5, ("machine", "too_soon")),
        (9.9, ("machine", "too_soon")),
        (10, ("probable", "soon")),
        (59, ("probable", "soon")),
        (60, ("human", "click")),
    ],
)
def test_the_sooner_after_the_delivery_the_less_it_is_a_person_s(after: float, expected: tuple[str, str]):
    assert verdicts(click(after)) == [expected]


def test_a_click_on_a_mail_whose_arrival_nobody_reported_is_probably_a_person_s():
    assert verdicts(click(0), arrived=None) == [("probable", "undated")]


def test_several_links_within_ten_seconds_are_a_machine_s_also_the_first_of_them():
    burst = [click(100, 1), click(103, 2), click(109, 3)]
    assert set(verdicts(*burst)) == {("machine", "burst")}
    assert verdicts(*burst, click(4_000, 2))[-1] == ("human", "click")


def test_three_links_read_one_after_the_other_are_a_person_s():
    assert set(verdicts(click(100, 1), click(106, 2), click(112, 3))) == {("human", "click")}


def test_one_link_pressed_three_times_is_a_person_s():
    assert set(verdicts(click(100), click(101), click(102))) == {("human", "click")}


def test_who_follows_the_link_nobody_sees_is_a_machine_with_all_it_followed():
    seen = [click(100, 1), click(105, None), click(106, 2), click(90_000, 1, SAFARI, "198.51.100.0/24")]
    assert [reason for _verdict, reason in verdicts(*seen)] == ["trap", "trap", "trap", "click"]


@pytest.mark.parametrize(
    "agent",
    [
        "Barracuda Sentinel (EE)",
        "Mozilla/5.0 (compatible; proofpoint-urldefense/1.0)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    ],
)
def test_a_scanner_that_says_its_name_is_a_machine(agent: str):
    assert verdicts(click(agent=agent)) == [("machine", "scanner")]


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5.0",
        "python-requests/2.32",
        "Go-http-client/2.0",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
    ],
)
def test_what_is_no_browser_follows_no_link_for_a_person(agent: str):
    assert verdicts(click(agent=agent)) == [("machine", "no_browser")]


@pytest.mark.parametrize(
    "agent",
    [
        FIREFOX,
        SAFARI,
        "Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/4.2) Presto/2.12 Version/12.16",
    ],
)
def test_a_browser_is_taken_for_no_machine(agent: str):
    assert verdicts(click(agent=agent)) == [("human", "click")]


def test_a_network_of_mail_gateways_is_a_machine_s():
    assert verdicts(click(network="40.92.3.0/24")) == [("machine", "scanner_network")]
    assert verdicts(click(network="")) == verdicts(click(network="2001:db8::/48")) == [("human", "click")]


def test_a_house_adds_networks_it_sees(settings):
    settings.SCANNER_NETWORKS = ["192.0.2.0/23", "2001:db8::/32"]
    assert verdicts(click(), click(link=2, network="2001:db8:7::/48")) == [("machine", "scanner_network")] * 2


def test_pictures_loaded_tell_little():
    gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    outlook = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
    seen = [opened(agent=agent) for agent in (FIREFOX, gmail, outlook, "Mozilla/5.0", "curl/8.0", "")]
    assert (
        verdicts(*seen)
        == [("probable", "picture")] * 3 + [("machine", "apple_proxy")] + [("machine", "no_browser")] * 2
    )
    assert verdicts(opened(5)) == [("machine", "too_soon")]


def test_the_order_of_what_came_is_of_no_account():
    seen = [click(3, 1), click(100, None), click(101, 2), click(500, 3), opened(20)]
    assert sorted(verdicts(*seen)) == sorted(verdicts(*reversed(seen)))


def test_every_reason_has_its_words():
    known = {reason: verdict for verdict, reason, _rule in judging._RULES}
    assert set(known) == set(judging.WORDS)
    assert {reason for reason, verdict in known.items() if verdict != "machine"} == set(judging.BY_TIME)


@pytest.mark.parametrize("network", ["x", "999.1.1.0/24", "40.92.3.1/24", "\0"])
def test_a_network_that_is_none_is_nobody_s(network: str):
    assert not agents.is_scanner_network(network)
