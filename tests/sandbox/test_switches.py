"""Each fault, as a plain HTTP client sees it, and what the log says of it."""

import threading
import time

import pytest
import requests

from sandbox.switches import Switch
from tests.sandbox.conftest import post_batch, post_message


def post_in_background(sandbox, **fields):
    answers = []

    def post():
        try:
            answers.append(post_message(sandbox, **fields).status_code)
        except requests.ConnectionError:
            answers.append("closed")

    thread = threading.Thread(target=post)
    thread.start()
    return thread, answers


def test_hold_accepts_at_once_and_answers_when_released(sandbox):
    sandbox.client.switch("hold")
    thread, answers = post_in_background(sandbox)
    sandbox.client.wait_held()
    assert (sandbox.client.count(), answers) == (1, [])
    assert sandbox.client.release() == 1
    thread.join(60)
    assert answers == [200]


def test_hold_ends_by_itself_after_its_seconds(sandbox):
    sandbox.client.switch("hold", seconds=0.3)
    began = time.monotonic()
    assert post_message(sandbox).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_hold_before_accepts_nothing_until_released(sandbox):
    sandbox.client.switch("hold_before", times=1)
    thread, answers = post_in_background(sandbox)
    sandbox.client.wait_held()
    assert sandbox.client.count() == 0
    sandbox.client.release()
    thread.join(60)
    assert (sandbox.client.count(), answers) == (1, [200])


def test_a_caller_who_left_while_held_before_has_sent_nothing(sandbox):
    sandbox.client.switch("hold_before")
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{sandbox.url}/v3/epistle.example/messages",
            data={"from": "us@epistle.example", "to": "ann@example.com", "text": "x"},
            auth=("api", "the-api-key"),
            timeout=0.3,
        )
    sandbox.client.wait_held()
    sandbox.client.release()
    sandbox.client.switch_off()
    assert post_message(sandbox, "bob@example.com").status_code == 200
    assert [entry["recipient"] for entry in sandbox.client.accepted()] == ["bob@example.com"]


@pytest.mark.parametrize(("name", "accepted"), [("accept_then_close", 1), ("close_before_accept", 0)])
def test_a_closed_connection_says_nothing_but_the_log_knows(sandbox, name, accepted):
    sandbox.client.switch(name, times=1)
    with pytest.raises(requests.ConnectionError):
        post_message(sandbox)
    assert sandbox.client.count() == accepted
    assert post_message(sandbox).status_code == 200


def test_a_500_after_accepting_is_a_lie(sandbox):
    sandbox.client.switch("accept_then_500")
    assert post_message(sandbox).status_code == 500
    assert sandbox.client.count() == 1


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_a_status_refuses_and_accepts_nothing(sandbox, status):
    sandbox.client.switch("status", status=status)
    answer = post_message(sandbox)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, None)
    sandbox.client.switch("status", status=status, retry_after=7)
    assert post_message(sandbox).headers["Retry-After"] == "7"
    assert sandbox.client.count() == 0


def test_rate_answers_429_to_the_calls_above_it_and_accepts_none_of_them(sandbox):
    sandbox.client.switch("rate", per_second=0, retry_after=1)
    answer = post_message(sandbox)
    assert (answer.status_code, answer.headers["Retry-After"], sandbox.client.count()) == (429, "1", 0)
    sandbox.client.switch("rate", per_second=1000)
    assert post_message(sandbox).status_code == 200


def test_the_rate_is_that_of_the_last_second():
    switch = Switch("rate", per_second=3)
    calls = [0.0, 0.1, 0.2, 0.3, 0.9, 1.05, 1.06, 1.15, 2.5]
    over = [at for at in calls if switch.over_rate(at)]
    assert over == [0.3, 0.9, 1.06]


def test_reject_takes_k_of_n_back_by_an_event(sandbox, webhook):
    sandbox.client.switch("reject", recipient="*@bad.example", count=3)
    people = [f"p{n}@{'bad' if n % 2 else 'good'}.example" for n in range(10)]
    assert post_batch(sandbox, people).status_code == 200
    events = {event["recipient"]: event["event"] for event in webhook.wait(10)}
    victims = {"p1@bad.example", "p3@bad.example", "p5@bad.example"}
    assert {person for person, kind in events.items() if kind == "rejected"} == victims
    assert {e["recipient"] for e in sandbox.client.accepted() if e.get("rejected")} == victims


def test_garbage_is_a_200_that_is_no_json(sandbox):
    sandbox.client.switch("garbage")
    answer = post_message(sandbox)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert sandbox.client.count() == 1


def test_drip_brings_the_whole_answer_slowly(sandbox):
    sandbox.client.switch("drip", seconds=0.5)
    began = time.monotonic()
    assert post_message(sandbox).json()["message"] == "Queued. Thank you."
    assert time.monotonic() - began >= 0.5


def test_a_switch_for_some_recipients_leaves_the_others_alone(sandbox):
    sandbox.client.switch("status", recipient="*@KENYA.example", status=503)
    assert post_message(sandbox, "ann@kenya.example").status_code == 503
    assert post_message(sandbox, "ann@chad.example").status_code == 200
    assert post_batch(sandbox, ["a@chad.example", "b@kenya.example"]).status_code == 503


def test_a_switch_acts_as_often_as_told_and_then_is_off(sandbox):
    sandbox.client.switch("status", status=500, times=2)
    assert [post_message(sandbox).status_code for _ in range(3)] == [500, 500, 200]
    assert sandbox.client.switches() == []


@pytest.mark.parametrize(
    "options",
    [
        {"name": "explode"},
        {"name": "hold", "colour": "red"},
        {"name": "status", "status": 200},
        {"name": "hold", "seconds": "soon"},
    ],
)
def test_a_switch_that_makes_no_sense_is_refused_with_a_reason(sandbox, options):
    with pytest.raises(requests.HTTPError, match=r"400 from the sandbox: .{20}"):
        sandbox.client.switch(**options)
    assert sandbox.client.switches() == []


def test_events_off_posts_nothing(sandbox, webhook):
    sandbox.client.switch("events_off", recipient="ann@example.com")
    post_message(sandbox, "ann@example.com")
    post_message(sandbox, "bob@example.com")
    webhook.wait(1, "bob@example.com")
    sandbox.client.wait_quiet()
    assert webhook.events("ann@example.com") == []


def test_an_early_event_comes_before_the_answer(sandbox, webhook):
    sandbox.client.switch("events_early")
    sandbox.client.switch("hold")
    thread, answers = post_in_background(sandbox, to="click@example.com")
    sandbox.client.wait_held()
    assert [event["event"] for event in webhook.events()] == ["delivered", "opened", "clicked"]
    assert answers == []
    sandbox.client.release()
    thread.join(60)
    assert answers == [200]


def test_a_doubled_event_comes_twice_with_one_id(sandbox, webhook):
    sandbox.client.switch("events_doubled")
    post_message(sandbox)
    first, second = webhook.wait(2)
    assert first == second
    assert webhook.posts[0][1] == webhook.posts[1][1]


def test_shuffled_events_all_come_in_some_other_order(sandbox, webhook):
    sandbox.client.switch("events_shuffled", seconds=0.05)
    sandbox.client.switch("events_doubled")
    people = [f"click{n}@example.com" for n in range(20)]
    for person in people:
        post_message(sandbox, person)
    webhook.wait(120)
    orders = [tuple(event["event"] for event in webhook.events(person)) for person in people]
    straight = ("delivered", "opened", "clicked")
    assert all(sorted(order) == sorted(straight * 2) for order in orders)
    assert len(set(orders)) > 1


def test_delayed_events_come_later(sandbox, webhook):
    sandbox.client.switch("events_delayed", seconds=0.6)
    began = time.monotonic()
    post_message(sandbox)
    webhook.wait(1)
    assert time.monotonic() - began >= 0.6
