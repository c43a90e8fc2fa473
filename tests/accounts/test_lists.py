"""The lists of the desk: pages by key, chips, counts of filters, and views one keeps."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts import saved_views
from accounts.models import SavedView
from accounts.templatetags.desk import labelled
from contacts.models import MailingList
from mailer.models import Delivery
from tests.staff import make_campaign, make_delivery, make_staff

pytestmark = pytest.mark.django_db

DELIVERIES = "admin:mailer_delivery_changelist"
CAMPAIGNS = "admin:advocacy_campaign_changelist"


@pytest.fixture
def staff(client):
    user = make_staff("superuser")
    client.force_login(user)
    return user


def listed(answer) -> list[int]:
    return [row.pk for row in answer.context["cl"].result_list]


def test_every_row_stands_on_exactly_one_page_also_when_rows_come_meanwhile(client, staff, monkeypatch):
    monkeypatch.setattr("mailer.admin.deliveries.DeliveryAdmin.list_per_page", 3, raising=False)
    made = [make_delivery().pk for _ in range(8)]
    url, seen, pages = reverse(DELIVERIES), [], []
    query = ""
    while True:
        answer = client.get(url + query)
        seen += listed(answer)
        pages.append(listed(answer))
        make_delivery()  # comes first in the list, and moves nothing
        if not answer.context["cl"].on:
            break
        query = answer.context["cl"].pages_by_key["on"]
    assert seen == made[::-1]
    before = client.get(url + answer.context["cl"].pages_by_key["back"])
    assert listed(before) == pages[-2]
    assert "More than" not in before.text


@pytest.mark.parametrize("place", ["after-", "after-x", "sideways-3", "after-99999999999999999999", "x"])
def test_a_place_nobody_can_read_is_the_first_page(client, staff, place):
    row = make_delivery()
    assert listed(client.get(reverse(DELIVERIES), {"at": place})) == [row.pk]


def test_a_chip_says_what_narrows_the_list_and_leads_to_the_list_without_it(client, staff):
    for name, stopped in (("Keep the bus", True), ("Keep the tram", True), ("Keep the bus lane", False)):
        make_campaign(name=name, stopped=stopped)
    found = client.get(reverse(CAMPAIGNS), {"q": "bus", "stopped__exact": "1"}).context["cl"]
    assert [row.name for row in found.result_list] == ["Keep the bus"]
    words, narrowed = found.chips
    assert words.label == "“bus”"
    assert narrowed.label.startswith("Stop button: Yes")
    without_words = client.get(reverse(CAMPAIGNS) + words.url).context["cl"]
    assert {row.name for row in without_words.result_list} == {"Keep the bus", "Keep the tram"}
    assert client.get(reverse(CAMPAIGNS) + found.url_of_all).context["cl"].result_count == 3


def test_what_a_link_narrows_by_is_shown_as_well(client, staff):
    make_delivery()
    found = client.get(reverse(DELIVERIES), {"message__exact": "5"}).context["cl"]
    assert [chip.label for chip in found.chips] == ["Message: 5"]
    assert found.result_count == 0


def test_the_number_behind_a_choice_is_the_number_of_rows_it_leaves(client, staff):
    for status in ("sent", "sent", "failed"):
        make_delivery(status=status, kind=Delivery.Kind.LETTER)
    make_delivery(status="sent", kind=Delivery.Kind.SYSTEM)
    answer = client.get(reverse(DELIVERIES), {"kind__exact": "letter"})
    (menu,) = [menu for menu in answer.context["cl"].menus if menu.title == "status"]
    for choice in menu.choices:
        number = re.search(r"\((\d+)\)$", str(choice["display"]))
        if number:
            shown = client.get(reverse(DELIVERIES) + choice["query_string"]).context["cl"]
            assert shown.result_count == int(number.group(1)), choice["display"]
    assert any("(2)" in str(choice["display"]) for choice in menu.choices)


def test_no_choice_is_counted_in_a_list_of_many_rows(client, staff, monkeypatch):
    monkeypatch.setattr("accounts.lists.COUNT_UP_TO", 2)
    for _ in range(3):
        make_delivery(status="sent")
    (menu, *_others) = client.get(reverse(DELIVERIES)).context["cl"].menus
    assert not any("(" in str(choice["display"]) for choice in menu.choices)


def test_an_empty_list_says_what_to_do(client, staff):
    assert "No mail has left yet" in client.get(reverse(DELIVERIES)).text
    make_delivery()
    narrowed = client.get(reverse(DELIVERIES), {"status__exact": "failed"}).text
    assert "Nothing matches" in narrowed
    assert "No mail has left yet" not in narrowed
    assert 'href="add/"' in client.get(reverse(CAMPAIGNS)).text


def test_a_cell_carries_the_words_of_its_column_and_no_markup_of_them():
    cell, empty = mark_safe('<td class="a">&lt;b></td>'), mark_safe("<th>–</th>")
    assert labelled(cell, "state") == '<td data-label="State" class="a">&lt;b></td>'
    assert labelled(empty, r'"><b>\1') == r'<th data-label="&quot;&gt;\1" data-empty>–</th>'


def test_no_in_a_list_is_a_quiet_dash_and_yes_a_check_mark_and_both_are_said_in_words(client, staff):
    for slug, is_public in (("open", True), ("closed", False)):
        MailingList.objects.create(slug=slug, name=slug, is_public=is_public)
    html = client.get(reverse("admin:contacts_mailinglist_changelist")).text
    cells = re.findall(r'<td data-label="Open to everybody"[^>]*>(.*?)</td>', html)
    assert sorted(cells) == [
        '<span aria-hidden="true">–</span><span class="visually-hidden">no</span>',
        '<span aria-hidden="true">✓</span> yes',
    ]
    assert "icon-no" not in html


def test_a_cell_that_nobody_marked_as_html_is_escaped():
    assert labelled("<td><script>", "state") == "&lt;td&gt;&lt;script&gt;"
    assert isinstance(labelled("<td>", "state"), SafeString)


# --- views


def keep(client, **posted):
    return client.post(
        reverse("admin:keep_view"),
        {"page": "advocacy_campaign", "query": "stopped__exact=1", "name": "Stopped", **posted},
    )


def test_a_view_is_kept_shown_to_its_owner_alone_and_removed(client, staff):
    assert keep(client)["Location"] == reverse(CAMPAIGNS) + "?stopped__exact=1"
    view = SavedView.objects.get()
    page = client.get(reverse(CAMPAIGNS)).text
    assert '<a href="?stopped__exact=1"><bdi>Stopped</bdi></a>' in page
    client.force_login(make_staff("superuser"))
    assert "<bdi>Stopped</bdi>" not in client.get(reverse(CAMPAIGNS)).text
    assert client.post(reverse("admin:drop_view", args=[view.pk])).status_code == 404
    client.force_login(staff)
    assert client.post(reverse("admin:drop_view", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_keeps_no_words_that_were_searched_for(client, staff):
    keep(client, query="q=ann%40example.org&stopped__exact=1&at=after-3")
    assert SavedView.objects.get().query == "stopped__exact=1"
    keep(client, query="q=ann%40example.org", name="Ann")
    assert SavedView.objects.count() == 1


def test_a_view_of_the_same_name_is_replaced_and_nobody_keeps_more_than_twenty(client, staff):
    keep(client)
    keep(client, query="stopped__exact=0")
    assert SavedView.objects.get().query == "stopped__exact=0"
    for number in range(saved_views.MOST + 3):
        keep(client, name=f"View {number}")
    assert SavedView.objects.count() == saved_views.MOST


def test_nobody_keeps_a_view_of_a_list_they_may_not_see(client):
    client.force_login(make_staff("Newsletter approvers"))
    assert keep(client).status_code == 404
    assert keep(client, page="nothing_such").status_code == 404
    assert client.get(reverse("admin:keep_view")).status_code == 405
    assert not SavedView.objects.exists()


def test_each_head_of_a_list_in_order_sorts_by_its_own_column(client, staff):
    page = client.get(reverse("admin:accounts_user_changelist") + "?o=1").content.decode()
    links = re.findall(r'<div class="text"><a href="\?o=(-?\d+)', page)
    assert len(links) > 2
    assert len({link.lstrip("-") for link in links}) == len(links)
