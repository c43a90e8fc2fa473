"""Mailings on the home page of the desk, how far they are in words, and the drafts that follow one."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from contacts import suppressions
from contacts.models import Subscription, Suppression
from mailer.mailings import audience
from mailer.models import Delivery, Mailing
from mailer.reporting import counting, pace
from tests.factories import make_mailing
from tests.mailings import make_frozen_mailing
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()
    yield
    cache.clear()


def home(client, user):
    client.force_login(user)
    answer = client.get(reverse("admin:index"))
    return answer, re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def panel(answer):
    return next((one.shown for one in answer.context["panels"] if "under_way" in one.shown), None)


def test_the_home_page_shows_what_moves_with_its_bar_and_what_was_sent_lately(client):
    make_frozen_mailing({"delivered": 3, "waiting": 1}, name="Moving")
    make_frozen_mailing({"delivered": 9, "bounced": 1}, name="Done")
    make_frozen_mailing({"delivered": 1}, name="Old", sent_at=timezone.now() - dt.timedelta(days=40))
    make_mailing(name="A draft")
    answer, words = home(client, make_staff("Newsletter senders"))
    shown = panel(answer)
    assert [(one.mailing.name, one.words.split(" ·")[0]) for one in shown["under_way"]] == [("Moving", "75%")]
    assert [(one.mailing.name, one.delivered, one.bounced) for one in shown["done"]] == [("Done", 0.9, 0.1)]
    assert "A draft" not in words


def test_a_mailing_that_was_called_off_says_so_on_the_home_page_and_how_many_got_it(client):
    make_frozen_mailing({"delivered": 5, "cancelled": 14}, name="Stopped", status=Mailing.Status.CANCELLED)
    _answer, words = home(client, make_staff("Newsletter senders"))
    assert re.search(r"Stopped · called off .* 5 of 19 ", words)


def test_another_organisations_mailings_are_not_on_the_home_page(client):
    make_frozen_mailing({"delivered": 1, "waiting": 1}, organisation=make_organisation(), name="Theirs")
    answer, _words = home(client, make_staff("superuser", organisation=make_organisation()))
    assert panel(answer) == {"under_way": [], "done": []}


def test_who_has_nothing_to_do_with_newsletters_is_shown_none(client):
    make_frozen_mailing({"delivered": 1})
    answer, _words = home(client, make_staff("Contacts editors"))
    assert panel(answer) is None


def test_a_domain_that_turns_much_of_our_mail_away_needs_somebody(client):
    make_frozen_mailing({"bounced": 40}, domains=["kenya.example", "post.example"])
    Delivery.objects.filter(address__endswith="@kenya.example").update(
        bounce_class="block", bounced_at=timezone.now()
    )
    _answer, words = home(client, make_staff("Newsletter senders"))
    assert "kenya.example refuses our mail" in words
    assert "post.example refuses" not in words


@pytest.mark.parametrize(
    ("states", "status", "words"),
    [
        ({"delivered": 150, "waiting": 50}, "sending", r"75% · [\d,]+ a minute · done at about .*"),
        ({"delivered": 1, "waiting": 1}, "paused", r"50% · stands still"),
        ({"delivered": 3}, "sending", r"100% · the last answers are being stored"),
        ({"delivered": 3}, "sent", r""),
    ],
)
def test_how_far_a_mailing_is_stands_in_one_line(states, status, words):
    mailing = make_frozen_mailing(states, status=status)
    assert re.fullmatch(words, pace.in_words(mailing, counting.counts(mailing)))


@pytest.mark.parametrize(
    ("relation", "names"),
    [("follow_up", {"failed", "bounced"}), ("correction", {"delivered", "bounced", "no_news"})],
)
def test_a_mailing_that_follows_is_a_draft_to_exactly_those_it_is_for(client, relation, names):
    mailing = make_frozen_mailing({"delivered": 2, "bounced": 1, "failed": 1, "no_news": 1, "suppressed": 1})
    client.force_login(make_staff("superuser"))
    page = reverse("admin:mailer_mailing_report_follow", args=[mailing.pk])
    client.get(page)
    assert Mailing.objects.count() == 1, "looking changes nothing"
    client.post(page, {"relation": relation})
    draft = Mailing.objects.get(based_on=mailing)
    assert (draft.status, draft.relation) == ("draft", relation)
    assert audience.count(draft).total == sum(
        {"delivered": 2, "bounced": 1, "failed": 1, "no_news": 1}[one] for one in names
    )


def test_the_button_of_a_follow_up_says_how_many_of_them_may_be_written_to_again(client):
    mailing = make_frozen_mailing(
        {"delivered": 2, "bounced": 3, "failed": 1, "cancelled": 4}, status=Mailing.Status.CANCELLED
    )
    gone, left, *_rest = mailing.deliveries.filter(bounced_at__isnull=False)
    suppressions.suppress(bytes(gone.address_hash), Suppression.Reason.BOUNCE)
    Subscription.objects.filter(contact=left.contact).update(status="unsubscribed")
    client.force_login(make_staff("superuser"))
    page = client.get(reverse("admin:mailer_mailing_report", args=[mailing.pk])).content.decode()
    assert "Write again to the 6 people it could not reach" in re.sub(r"\s+", " ", page)
    client.post(reverse("admin:mailer_mailing_report_follow", args=[mailing.pk]), {"relation": "follow_up"})
    assert audience.count(Mailing.objects.get(based_on=mailing)).total == 6


def test_a_report_offers_no_follow_up_to_people_who_may_not_be_written_to(client):
    mailing = make_frozen_mailing({"delivered": 1, "bounced": 1})
    gone = mailing.deliveries.get(bounced_at__isnull=False)
    suppressions.suppress(bytes(gone.address_hash), Suppression.Reason.BOUNCE)
    client.force_login(make_staff("superuser"))
    page = client.get(reverse("admin:mailer_mailing_report", args=[mailing.pk])).content.decode()
    assert "could not reach" not in page
    assert "Send a correction to those it was sent to (2)" in page


def test_who_may_not_begin_mailings_begins_none_from_a_report(client):
    mailing = make_frozen_mailing({"failed": 1})
    client.force_login(make_staff("Newsletter senders"))
    page = reverse("admin:mailer_mailing_report_follow", args=[mailing.pk])
    assert client.post(page, {"relation": "follow_up"}).status_code == 403
    client.force_login(make_staff("Newsletter editors"))
    client.post(page, {"relation": "nonsense"})
    assert Mailing.objects.count() == 1
