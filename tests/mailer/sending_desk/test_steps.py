"""The steps at the head of a mailing's pages: what is done, where one is."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from accounts.models import User
from mailer.models import Mailing
from mailer.preflight.fingerprint import fingerprint
from tests.factories import make_mailing
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
STEP = re.compile(r'<li class="(?P<state>\w*)"(?P<here> aria-current="step")?>')


@pytest.fixture
def staff(client) -> User:
    user = make_staff("superuser")
    client.force_login(user)
    return user


def steps(client, mailing: Mailing, page: str) -> list[tuple[bool, bool]]:
    """Of each step, whether it is done and whether one is there."""
    answer = client.get(reverse(f"admin:mailer_mailing_{page}", args=[mailing.pk]))
    assert answer.status_code == 200
    head = answer.content.decode().split('class="desk-stages"')[1].split("</nav>")[0]
    parts = head.split("</li>")[:-1]
    return [("✓" in part, bool(STEP.search(part)["here"])) for part in parts]


@pytest.mark.usefixtures("staff")
def test_the_head_says_which_step_one_is_at_and_which_are_done(client):
    mailing = make_mailing(texts=False)
    mailing.include_lists.clear()
    assert steps(client, mailing, "write") == [(False, True), (False, False), (False, False), (False, False)]
    written = make_mailing()
    assert steps(client, written, "audience") == [(True, False), (True, True), (False, False), (False, False)]


@pytest.mark.usefixtures("staff")
def test_a_check_is_not_done_any_more_when_another_text_stands_there(client):
    mailing = make_mailing()
    Mailing.objects.filter(pk=mailing.pk).update(preflight_print=fingerprint(mailing))
    assert steps(client, mailing, "write")[2] == (True, False)
    mailing.texts.update(subject="Another subject")
    assert steps(client, mailing, "write")[2] == (False, False)


@pytest.mark.usefixtures("staff")
def test_a_mailing_on_its_way_has_tabs_instead_of_steps(client):
    mailing = make_mailing(status=Mailing.Status.SENT)
    page = client.get(reverse("admin:mailer_mailing_write", args=[mailing.pk])).content.decode()
    assert "desk-stages" not in page
    assert 'aria-label="Pages of this mailing"' in page


@pytest.mark.usefixtures("staff")
def test_what_is_wrong_stands_above_the_form_and_beside_its_field(client):
    answer = client.post(reverse("admin:contacts_contact_add"), {"address": "no address"})
    page = answer.content.decode()
    assert '<li><a href="#id_address">' in page
    assert '<div class="desk-wrong" id="id_address_error">' in page
    assert (
        'aria-describedby="id_address_error"' in page or "id_address_error" in page.split('name="address"')[1]
    )
