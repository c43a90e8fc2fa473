"""The messages API, the log and the events API, called without Anymail."""

import json
import socket

import pytest
import requests

from sandbox.process import start
from tests.sandbox.conftest import API_KEY, post_batch, post_message

AUTH = ("api", API_KEY)


def test_a_batch_of_a_thousand_is_accepted_whole_and_each_delivery_is_named(sandbox):
    people = [f"person{n}@example.com" for n in range(1000)]
    sandbox.client.switch("events_off")
    answer = post_batch(sandbox, people)
    assert answer.json()["message"] == "Queued. Thank you."
    entries = sandbox.client.accepted()
    assert [(e["recipient"], e["variables"]["delivery_id"]) for e in entries] == [
        (person, str(n)) for n, person in enumerate(people)
    ]
    assert {entry["message_id"] for entry in entries} == {answer.json()["id"]}
    assert len({entry["id"] for entry in entries}) == 1000
    assert sandbox.client.count() == 1000


def test_a_thousand_and_one_are_refused_and_none_is_accepted(sandbox):
    answer = post_batch(sandbox, [f"person{n}@example.com" for n in range(1001)])
    assert answer.status_code == 400
    assert "1000" in answer.json()["message"]
    assert sandbox.client.count() == 0


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"to": ""}, "to parameter is missing"),
        ({"to": "nobody"}, "to parameter is not a valid address"),
        ({"to": ["ann@example.com", "two words@example.com"]}, "to parameter is not a valid address"),
        ({"from": ""}, "from parameter is missing"),
        ({"text": ""}, "Need at least one of"),
        ({"subject": "a\nBcc: x@example.com"}, "line break"),
        ({"h:X-Thing": "a\r\nBcc: x@example.com"}, "line break"),
        ({"h:Grüße": "a"}, "not the name of a header"),
        ({"h:": "a"}, "not the name of a header"),
        ({"recipient-variables": "{"}, "not a valid JSON"),
        ({"recipient-variables": "[]"}, "not a valid JSON"),
    ],
)
def test_a_wrong_call_is_refused_with_a_reason_and_accepts_nothing(sandbox, fields, complaint):
    answer = post_message(sandbox, **fields)
    assert (answer.status_code, complaint in answer.json()["message"]) == (400, True)
    assert sandbox.client.count() == 0


def test_a_body_that_is_no_form_is_refused(sandbox):
    url = f"{sandbox.url}/v3/epistle.example/messages"
    assert requests.post(url, json={"to": "ann@example.com"}, auth=AUTH, timeout=5).status_code == 400


def test_without_the_key_nothing_is_accepted_and_no_event_is_told(sandbox):
    url = f"{sandbox.url}/v3/epistle.example"
    for auth in (None, ("api", "wrong"), ("user", API_KEY)):
        assert requests.post(f"{url}/messages", data={}, auth=auth, timeout=5).status_code == 401
        assert requests.get(f"{url}/events?message-id=x", auth=auth, timeout=5).status_code == 401


def test_copies_are_accepted_and_everybody_is_shown_whom_the_message_went_to(sandbox):
    post_message(
        sandbox, ["ann@example.com", "Bob <bob@example.com>"], cc="c@example.com", bcc="d@example.com"
    )
    assert [e["recipient"] for e in sandbox.client.accepted()] == [
        "ann@example.com",
        "bob@example.com",
        "c@example.com",
        "d@example.com",
    ]
    [seen] = sandbox.client.messages("d@example.com")
    assert dict(seen["headers"])["To"] == "ann@example.com, Bob <bob@example.com>"
    assert "d@example.com" not in json.dumps(seen["headers"])


def test_the_log_can_be_read_in_steps_and_by_recipient(sandbox):
    for person in ("ann", "bob", "ANN"):
        post_message(sandbox, f"{person}@example.com")
    first = requests.get(f"{sandbox.url}/log?limit=2", timeout=5).json()
    assert ([e["recipient"] for e in first["entries"]], first["more"]) == (
        ["ann@example.com", "bob@example.com"],
        True,
    )
    rest = requests.get(f"{sandbox.url}/log?since={first['next']}", timeout=5).json()
    assert ([e["recipient"] for e in rest["entries"]], rest["more"]) == (["ANN@example.com"], False)
    assert len(sandbox.client.accepted(recipient="ann@example.com")) == 2


def test_the_events_api_tells_what_happened_even_when_nothing_was_posted(sandbox, webhook):
    sandbox.client.switch("events_off")
    for person, fate in (("bounce", "failed"), ("ann", "delivered")):
        message_id = post_message(sandbox, f"{person}@example.com").json()["id"]
        url = f"{sandbox.url}/v3/epistle.example/events"
        items: list[dict] = []
        while len(items) < 2:
            query = {"message-id": message_id.strip("<>"), "ascending": "yes"}
            items = requests.get(url, params=query, auth=AUTH, timeout=5).json()["items"]
        assert [item["event"] for item in items] == ["accepted", fate]
        assert all(item["recipient"] == f"{person}@example.com" for item in items)
    unknown = requests.get(url, params={"message-id": "never@sent.example"}, auth=AUTH, timeout=5)
    assert unknown.json()["items"] == []
    assert webhook.posts == []


def test_a_webhook_that_fails_is_tried_again_until_it_takes_the_event(sandbox, webhook):
    webhook.status = 500
    post_message(sandbox)
    webhook.wait(1)
    webhook.status = 200
    webhook.wait(2)
    sandbox.client.wait_quiet()
    first, second = webhook.events()
    assert first["id"] == second["id"]
    log = sandbox.client.events()
    assert [post["answer"] for post in log["posts"]] == [500, 200]
    assert (log["retried"], log["undeliverable"]) == (1, 0)


def test_an_event_nobody_takes_is_given_up_and_counted(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    with start(tmp_path, f"http://127.0.0.1:{dead}/", event_delay=0, attempts=3) as running:
        post_message(running)
        running.client.wait_posted(3)
        running.client.wait_quiet()
        assert running.client.events()["undeliverable"] == 1


def test_events_can_be_asked_for_one_by_one_and_a_repeat_brings_the_same_id(sandbox, webhook):
    post_message(sandbox, "nonews@example.com")
    asked = {"recipient": "nonews@example.com", "events": ["delivered", "complained"], "times": 2}
    assert sandbox.client.post_events(**asked) == 1
    events = webhook.wait(4)
    assert [event["event"] for event in events] == ["delivered", "delivered", "complained", "complained"]
    assert len({event["id"] for event in events}) == 2
    with pytest.raises(requests.HTTPError, match="no event is called"):
        sandbox.client.post_events(recipient="nonews@example.com", events=["eaten"])


def test_an_early_event_that_is_not_taken_is_tried_again(sandbox, webhook):
    webhook.status = 503
    sandbox.client.switch("events_early", times=1)
    assert post_message(sandbox).status_code == 200
    assert len(webhook.events()) == 1
    webhook.status = 200
    first, second = webhook.wait(2)
    assert first["id"] == second["id"]


def test_each_person_of_a_batch_may_have_a_message_id_of_their_own(sandbox, webhook):
    people = ["ann@example.com", "bob@example.com"]
    values = {person: {"h:Message-Id": f"<{n}@epistle.example>"} for n, person in enumerate(people)}
    own = {"recipient-variables": json.dumps(values), "h:Message-Id": "%recipient.h:Message-Id%"}
    answer = post_message(sandbox, people, **own)
    assert answer.json()["id"].endswith("@epistle.example>")
    assert [e["message_id"] for e in sandbox.client.accepted()] == [
        "<0@epistle.example>",
        "<1@epistle.example>",
    ]
    assert {event["message"]["headers"]["message-id"] for event in webhook.wait(2)} == {
        "0@epistle.example",
        "1@epistle.example",
    }
