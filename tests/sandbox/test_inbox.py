"""The inbox in the browser: what it shows, and what hostile mail cannot make it do."""

import re

import pytest
import requests

from sandbox.process import start
from tests.sandbox.conftest import post_batch, post_message

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


def page(sandbox, path="/"):
    answer = requests.get(sandbox.url + path, timeout=10)
    assert answer.status_code == 200
    return answer


def test_no_view_of_a_hostile_mail_lets_its_markup_through(sandbox):
    post_message(
        sandbox,
        "ann@example.com",
        subject=HOSTILE,
        text=HOSTILE,
        html=f"<p>{HOSTILE}</p>",
        **{
            "from": f'"{HOSTILE}" <us@epistle.example>',
            "h:X-<script>alert(3)</script>": HOSTILE,
            f"v:{HOSTILE}": HOSTILE,
        },
    )
    paths = [
        "/",
        "/posted",
        f"/?q={HOSTILE}",
        *(f"/messages/0?view={v}" for v in ("html", "text", "source", "headers")),
    ]
    for path in paths:
        answer = page(sandbox, path)
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
    assert "&lt;script&gt;alert(1)" in page(sandbox, "/messages/0?view=text").text


def test_the_html_of_a_mail_runs_no_script_and_its_links_open_outside_the_frame(sandbox):
    post_message(
        sandbox, html="<html><head><title>x</title></head><a href='https://site.example/'>go</a></html>"
    )
    frame = re.search(r"<iframe[^>]*>", page(sandbox, "/messages/0").text)[0]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    answer = page(sandbox, "/messages/0/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy  # so that default-src 'none' holds for scripts
    assert '<head><base target="_blank"><title>' in answer.text


def test_an_inline_picture_is_shown_from_the_mail_itself(sandbox):
    requests.post(
        f"{sandbox.url}/v3/epistle.example/messages",
        data={"from": "us@epistle.example", "to": "ann@example.com", "html": "<img src='cid:logo'>"},
        files=[("inline", ("logo", b"\x89PNG", "image/png"))],
        auth=("api", "the-api-key"),
        timeout=5,
    ).raise_for_status()
    assert "data:image/png;base64,iVBORw==" in page(sandbox, "/messages/0/html").text


def test_the_list_shows_the_newest_first_and_pages_back_to_the_oldest(sandbox):
    sandbox.client.switch("events_off")
    post_batch(sandbox, [f"person{n}@example.com" for n in range(120)])
    seen, path = [], "/"
    while path:
        text = page(sandbox, path).text
        seen += [int(n) for n in re.findall(r"person(\d+)@example.com", text)]
        older = re.search(r'<a href="([^"]+)">Older</a>', text)
        path = older[1].replace("&amp;", "&") if older else None
    assert seen == list(range(119, -1, -1))


def test_the_list_can_be_searched_by_a_part_of_the_address(sandbox):
    for person in ("ann@kenya.example", "bob@chad.example", "Cid@KENYA.example"):
        post_message(sandbox, person)
    text = page(sandbox, "/?q=kenya").text
    assert re.findall(r"<bdi>(\w+)@", text) == ["Cid", "ann"]
    assert "No message to such an address" in page(sandbox, "/?q=nobody").text


def test_without_javascript_the_list_renews_itself_but_never_while_searching(sandbox):
    refresh = '<noscript><meta http-equiv="refresh"'
    assert refresh in page(sandbox).text
    assert refresh not in page(sandbox, "/?q=x").text


def test_a_page_of_a_message_that_is_not_there_is_a_404(sandbox):
    post_message(sandbox)
    for path in ("/messages/1", "/messages/999999", "/messages/1/html", "/messages/0?view=nonsense"):
        assert requests.get(sandbox.url + path, timeout=5).status_code == 404


def test_the_switchboard_works_as_plain_forms(sandbox):
    form = {
        "name": "status",
        "recipient": "*@kenya.example",
        "status": "429",
        "times": "",
        "retry_after": "9",
    }
    assert requests.post(f"{sandbox.url}/switches", data=form, timeout=5).url.endswith("/switchboard")
    answer = post_message(sandbox, "ann@kenya.example")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "9")
    assert "*@kenya.example" in page(sandbox, "/switchboard").text
    off = {"name": "status", "recipient": "*@kenya.example", "on": "off"}
    requests.post(f"{sandbox.url}/switches", data=off, timeout=5)
    assert sandbox.client.switches() == []


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_page_of_another_site_can_change_nothing(sandbox, origin):
    form = {"name": "events_off"}
    answer = requests.post(f"{sandbox.url}/switches", data=form, headers={"Origin": origin}, timeout=5)
    assert answer.status_code == 403
    assert sandbox.client.switches() == []


def test_keeping_ids_only_keeps_no_content(tmp_path):
    with start(tmp_path, keep="ids") as running:
        post_message(running, subject="A secret subject", text="A secret text", **{"v:delivery_id": "5"})
        [entry] = running.client.accepted()
        assert (entry["recipient"], entry["variables"]) == ("ann@example.com", {"delivery_id": "5"})
        assert "keeps ids only" in page(running, "/messages/0").text
        assert requests.get(f"{running.url}/messages/0/html", timeout=5).status_code == 404
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in kept


def test_a_message_tells_what_became_of_it(sandbox, webhook):
    post_message(sandbox, "bounce-soft@example.com")
    webhook.wait(2)
    text = page(sandbox, "/messages/0").text
    assert re.search(r"accepted [^·]* UTC · failed for now \(4\.2\.2\) [^·]* UTC · delivered", text)


def test_the_switchboard_explains_every_address_with_a_fate(sandbox):
    text = page(sandbox, "/switchboard").text
    for name in ("bounce-soft", "bounce-full", "complain", "nonews", "reject"):
        assert f"{name}@…" in text
    assert "failed for now (4.2.2), then delivered" in text
