"""Lists at the staff desk: their public words as fields, and the form that others copy."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import MailingList
from mailer.models import SignUp
from tests.advocacy.pages import Form, Page
from tests.factories import make_contact, make_mailing_list, make_sign_up, make_subscription
from tests.mailer.test_signup_pages import post_from
from tests.staff import make_organisation, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_budgets")]
ADD = "/staff/contacts/mailinglist/add/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Contacts editors"))
    return client


def change(desk: Client, mailing_list: MailingList, **typed: str):
    """Send the list's form as it stands, with some fields typed anew."""
    address = reverse("admin:contacts_mailinglist_change", args=[mailing_list.pk])
    form = _form(desk, address)
    fields = {name: value for name, value in form.fields if not name.startswith("_")}
    return desk.post(address, {**fields, **typed})


def _form(desk: Client, address: str) -> Form:
    page = Page(desk.get(address), address)
    return next(form for form in page.forms if form.values("name"))


def test_public_words_are_fields_for_each_language_and_one_more_can_be_added(desk):
    news = make_mailing_list(name="News")
    answer = change(
        desk,
        news,
        text_en_name="Justice news",
        text_en_description="Once a month.",
        text_ar_name="أخبار العدالة",
        another_language="sw",
        text_another_name="Habari za haki",
        text_another_consent="Nitumieni habari.",
    )
    assert answer.status_code == 302, answer.content.decode()[:500]
    news.refresh_from_db()
    assert news.texts == {
        "en": {"name": "Justice news", "description": "Once a month."},
        "ar": {"name": "أخبار العدالة"},
        "sw": {"name": "Habari za haki", "consent": "Nitumieni habari."},
    }
    change(desk, news, text_sw_name="Habari", text_ar_name="")
    news.refresh_from_db()
    assert news.texts["sw"]["name"] == "Habari"
    assert "ar" not in news.texts


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text_fr_description": "Une fois par mois."}, "Please enter the public name as well."),
        ({"text_another_name": "Habari"}, "Which language are these words in?"),
        ({"text_en_name": "News\r\nBcc: x@example.org"}, "invisible control character"),
        ({"text_en_name": "x" * 201}, "at most 200 characters"),
    ],
)
def test_words_that_cannot_stand_are_refused_and_nothing_is_saved(desk, typed, said):
    news = make_mailing_list(texts={"en": {"name": "Before"}})
    answer = change(desk, news, **typed)
    assert said in html.unescape(answer.content.decode())
    news.refresh_from_db()
    assert news.texts == {"en": {"name": "Before"}}


def test_a_new_list_can_be_made_with_its_words(desk):
    form = _form(desk, ADD)
    fields = dict(form.fields)
    typed = {"name": "News", "slug": "news", "is_public": "on", "text_fr_name": "Nouvelles"}
    assert desk.post(ADD, {**fields, **typed}).status_code == 302
    assert MailingList.objects.get().public_name("fr") == "Nouvelles"


def test_the_page_counts_who_is_on_the_list_by_status(desk):
    news = make_mailing_list()
    for status in ("confirmed", "confirmed", "unsubscribed"):
        make_subscription(make_contact(), news, status=status)
    make_subscription(make_contact(), make_mailing_list())
    page = desk.get(reverse("admin:contacts_mailinglist_change", args=[news.pk])).content.decode()
    assert "pending: 0 · confirmed: 2 · unsubscribed: 1" in page


def test_the_list_of_lists_counts_people_and_leads_to_them_and_to_their_export(
    desk, django_assert_max_num_queries
):
    news = make_mailing_list()
    ann = make_contact()
    make_subscription(ann, news)
    make_subscription(make_contact(), news, status="unsubscribed")
    for _ in range(20):
        make_subscription(make_contact(), make_mailing_list())
    with django_assert_max_num_queries(12):
        page = desk.get(reverse("admin:contacts_mailinglist_changelist")).content.decode()
    people = reverse("admin:contacts_contact_changelist")
    assert f'<a href="{people}?list={news.pk}&amp;standing=confirmed">1</a>' in page
    found = desk.get(people, {"list": news.pk, "standing": "confirmed"}).context["cl"].result_list
    assert list(found) == [ann]
    desk.force_login(make_staff("superuser"))
    own = desk.get(reverse("admin:contacts_mailinglist_change", args=[news.pk])).content.decode()
    for place in (people, reverse("admin:contacts_contact_export")):
        assert f"{place}?list={news.pk}" in own


def test_the_form_to_copy_signs_up_as_it_stands_in_every_language(desk):
    news = make_mailing_list(
        slug="news", is_public=True, texts={"en": {"name": "News <&>"}, "sw": {"name": "Habari"}}
    )
    make_sign_up(news)
    page = desk.get(reverse("admin:mailer_signup_form", args=[news.pk])).content.decode()
    assert "Asked and not answered yet" in page
    copied = [html.unescape(found) for found in re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)]
    assert len(copied) == 5
    before = SignUp.objects.count()
    for number, code in enumerate(copied):
        form = Page(_Answer(code), "").forms[0]
        assert "<script" not in code
        fields = dict(form.fields) | {"email": f"reader{number}@example.org", "consent": "on"}
        body = "&".join(f"{name}={_quoted(value)}" for name, value in fields.items())
        path = form.action.partition("://")[2].partition("/")[2]
        assert post_from("https://partner.example/", body, f"/{path}").status_code == 303
    assert SignUp.objects.count() == before + 5
    assert SignUp.objects.filter(language="sw", text__contains="Habari").exists()


def test_staff_of_another_organisation_do_not_see_the_form(client):
    theirs = make_mailing_list(organisation=make_organisation(), is_public=True)
    client.force_login(make_staff("Contacts editors", organisation=make_organisation()))
    assert client.get(reverse("admin:mailer_signup_form", args=[theirs.pk])).status_code == 404
    client.force_login(make_staff())
    assert client.get(reverse("admin:mailer_signup_form", args=[theirs.pk])).status_code == 403


def test_the_list_of_sign_ups_shows_no_address_and_finds_a_whole_one(desk):
    row = make_sign_up()
    make_sign_up()
    listed = desk.get(reverse("admin:mailer_signup_changelist")).content.decode()
    assert row.address not in listed
    found = desk.get(reverse("admin:mailer_signup_changelist"), {"q": row.address}).content.decode()
    assert found.count("waits for an answer") == 1
    assert ">Pk<" not in listed


class _Answer:
    """A piece of HTML in the clothes of a response."""

    def __init__(self, code: str) -> None:
        self.content = code.encode()


def _quoted(value: str) -> str:
    from urllib.parse import quote_plus

    return quote_plus(value)
