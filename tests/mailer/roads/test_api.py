"""By a provider's API many people share a call, each gets their own mail and their own answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anymail.backends.brevo import EmailBackend as BrevoBackend
from anymail.backends.mailgun import EmailBackend as MailgunBackend
from anymail.backends.sendgrid import EmailBackend as SendGridBackend
from django.core.mail.backends.base import BaseEmailBackend

from mailer import headers, providers, roads
from mailer.providers import Answer
from mailer.roads import abilities, quick
from mailer.roads.batches import Batch
from tests.factories import make_message, make_sender
from tests.mailer.conftest import Provider
from tests.mailer.roads.conftest import people
from tests.mailer.roads.test_skeleton import HOSTILE

pytestmark = pytest.mark.django_db


def ask(content: roads.Content, recipients: list[roads.Recipient]) -> list[providers.Outcome]:
    with roads.open_road(make_sender()) as road:
        return road.ask(content, recipients)


def answers(outcomes: list[providers.Outcome]) -> list[Answer]:
    return [outcome.answer for outcome in outcomes]


def refusing(provider: Provider, bad: set[str], status: int = 400) -> None:
    """Let the provider refuse every call that holds a bad address, as Mailgun does."""

    def look() -> None:
        provider.status = status if bad & set(provider.form["to"]) else 200

    provider.while_asked = look


def accepted(provider: Provider, bad: set[str]) -> list[str]:
    """Whom the calls that were not refused went to."""
    return [address for form in provider.requests if not bad & set(form["to"]) for address in form["to"]]


def test_a_batch_says_to_each_person_what_is_theirs(provider: Provider, content):
    outcomes = ask(content, people("ann@x.example", "bob@x.example"))
    assert answers(outcomes) == [Answer.ACCEPTED] * 2
    (form,) = provider.requests
    assert form["to"] == ["ann@x.example", "bob@x.example"]
    variables = json.loads(form["recipient-variables"][0])
    filled = [
        {key: fill(values[0], variables[address]) for key, values in form.items()} for address in form["to"]
    ]
    ann, bob = filled
    assert (ann["subject"], bob["subject"]) == ("News for Person 1", "News for Person 2")
    assert bob["html"] == "<p>Dear Person 2</p>\n"
    assert "https://act.example.org/u/2-abc" in bob["text"]
    assert bob["h:List-Unsubscribe"] == "<https://act.example.org/u/2-abc>"
    assert bob["h:Message-Id"] == headers.message_id_for(2)
    assert (ann["v:delivery_id"], bob["v:delivery_id"]) == ("1", "2")
    assert (ann["o:tracking-clicks"], ann["o:tracking-opens"]) == ("no", "no")


def fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"%recipient.{name}%", value)
    return text


# --- the quick ways say the same as Anymail's own --------------------------------------------------------------


def hostile_batch(provider: str) -> tuple[Batch, list[roads.Recipient]]:
    message = make_message(
        reply_to="office@example.org",
        reply_to_name="Büro, 2. Stock",
        subject="For {{ name | friend }}",
        text="{{ name | friend }} {{ name }} {{ unsubscribe_link }}",
        html="<p>{{ name | you & you }}</p>",
    )
    content = roads.Content(
        message, {"List-Unsubscribe": "<{{ unsubscribe_link }}>", "Precedence": "bulk"}, {"mailing": "7"}
    )
    names = [name for name in HOSTILE if name.isprintable()]
    addresses = [f"ann.o'neil+{number}@example.net" for number in range(len(names) - 2)]
    recipients = people(*addresses, "zoë@example.org", "ann@xn--bcher-kva.example")
    named = zip(recipients, names, strict=True)
    return Batch(content, provider), [
        person._replace(values={**person.values, "name": name}) for person, name in named
    ]


def own_mail(batch: Batch, recipients: list[roads.Recipient]) -> Any:
    return batch.mail([(person, batch.values_of(person), batch.headers_of(person)) for person in recipients])


def test_a_quick_call_to_mailgun_says_what_anymails_own_says(provider: Provider, settings):
    batch, recipients = hostile_batch("mailgun")
    with providers.opened(MailgunBackend()) as backend:
        backend.send_messages([own_mail(batch, recipients)])
    with providers.opened(quick.QuickMailgun()) as backend:
        from mailer.roads.api import _Mailgun

        maker = _Mailgun(batch)
        backend.send_messages([maker.mail([(person, maker.part(person)) for person in recipients])])
    own, ours = provider.requests
    assert json.loads(ours.pop("recipient-variables")[0]) == json.loads(own.pop("recipient-variables")[0])
    assert ours == own


@pytest.mark.parametrize(
    ("name", "slow", "fast"),
    [("sendgrid", SendGridBackend, quick.QuickSendGrid), ("brevo", BrevoBackend, quick.QuickBrevo)],
)
@pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")
def test_a_quick_call_says_what_anymails_own_says(name: str, slow: Any, fast: Any):
    batch, recipients = hostile_batch(name)
    if name == "brevo":
        recipients = [person for person in recipients if person.address.isascii()]

    def body(backend: BaseEmailBackend) -> Any:
        payload = backend.build_message_payload(own_mail(batch, recipients), {})  # type: ignore[attr-defined]
        data = json.loads(payload.serialize_data())
        for person in data.get("personalizations", []):
            assert person["custom_args"].pop("anymail_id"), "made anew for each mail"
        return data

    assert body(
        fast(api_key="key", generate_message_id=True) if name == "sendgrid" else fast(api_key="key")
    ) == body(slow(api_key="key"))


def test_every_provider_of_anymail_has_its_line_in_the_table():
    import pkgutil

    import anymail.backends

    known = {module.name for module in pkgutil.iter_modules(anymail.backends.__path__)}
    others = {"base", "base_requests", "console", "test", "sendinblue"}
    assert set(abilities.ABILITIES) == known - others


def test_a_text_in_the_providers_own_language_goes_singly_and_unchanged(provider: Provider):
    content = roads.Content(make_message(text="Write %recipient.name% to us, {{ name }}", html=""), {})
    recipients = [roads.Recipient(n, f"p{n}@x.example", {"name": "Ann"}) for n in (1, 2)]
    assert answers(ask(content, recipients)) == [Answer.ACCEPTED] * 2
    assert [form["text"] for form in provider.requests] == [["Write %recipient.name% to us, Ann"]] * 2
    assert all("recipient-variables" not in form for form in provider.requests)


# --- what the provider answers ----------------------------------------------------------------------------------


def test_a_batch_refused_whole_for_one_bad_address_is_halved_until_it_stands_alone(
    provider: Provider, content
):
    addresses = [f"p{number}@x.example" for number in range(100)]
    bad = {"p17@x.example", "p80@x.example"}
    refusing(provider, bad)
    outcomes = ask(content, people(*addresses))
    refused = {
        address
        for address, outcome in zip(addresses, outcomes, strict=True)
        if outcome.answer is Answer.REFUSED
    }
    assert refused == bad
    assert sorted(accepted(provider, bad)) == sorted(set(addresses) - bad), "everybody else once"
    assert len(provider.requests) < 32


def test_a_message_that_is_refused_whoever_it_is_for_stops_the_mailing_and_fails_nobody_more(
    provider: Provider, content
):
    provider.status = 400
    outcomes = ask(content, people(*[f"p{number}@x.example" for number in range(1_000)]))
    said = answers(outcomes)
    assert set(said) == {Answer.REFUSED, Answer.LOCKED_OUT}
    assert said.count(Answer.REFUSED) < 20
    assert len(provider.requests) < 30


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (429, Answer.SLOW_DOWN),
        (401, Answer.LOCKED_OUT),
        (403, Answer.LOCKED_OUT),
        (500, Answer.UNKNOWN),
        (503, Answer.LATER),
    ],
)
def test_an_answer_that_is_no_refusal_is_about_everybody_in_the_call(
    provider: Provider, content, status, answer
):
    provider.status = status
    provider.headers = {"Retry-After": "7"}
    outcomes = ask(content, people("a@x.example", "b@x.example"))
    assert answers(outcomes) == [answer] * 2
    assert len(provider.requests) == 1
    if status == 429:
        assert outcomes[0].wait == 7


def test_a_broken_connection_leaves_its_call_unknown_and_asks_for_nobody_else(provider: Provider, content):
    provider.close_without_answer = True
    twice = people("a@x.example", "A@x.example", "b@x.example")
    assert answers(ask(content, twice)) == [Answer.UNKNOWN, Answer.LATER, Answer.UNKNOWN]
    assert len(provider.requests) == 1


def test_two_deliveries_to_one_address_go_in_two_calls(provider: Provider, content):
    assert answers(ask(content, people("a@x.example", "A@x.example"))) == [Answer.ACCEPTED] * 2
    assert [form["to"] for form in provider.requests] == [["a@x.example"], ["A@x.example"]]


def test_one_mail_that_cannot_be_written_is_refused_alone(provider: Provider, content):
    ann, bob, eve = people("a@x.example", "b@x.example", "e@x.example")
    bob = bob._replace(values={**bob.values, "first_name": "Bob\r\nBcc: all@x.example"})
    assert answers(ask(content, [ann, bob, eve])) == [Answer.ACCEPTED, Answer.REFUSED, Answer.ACCEPTED]
    assert provider.form["to"] == ["a@x.example", "e@x.example"]


def test_more_people_than_a_call_takes_are_asked_for_in_several(provider: Provider, content):
    outcomes = ask(content, people(*[f"p{number}@x.example" for number in range(1_001)]))
    assert answers(outcomes) == [Answer.ACCEPTED] * 1_001
    assert [len(form["to"]) for form in provider.requests] == [1_000, 1]


def test_outside_production_no_provider_but_the_sandbox_is_reached(settings, content):
    settings.ANYMAIL = {**settings.ANYMAIL, "MAILGUN_API_URL": "https://api.mailgun.net/v3"}
    assert answers(ask(content, people("a@x.example"))) == [Answer.LOCKED_OUT]
