"""What came by each member: counted as the public figures are, and no person in it."""

from __future__ import annotations

import pytest

from advocacy import crediting, letters, sharing
from advocacy.crediting import EMBEDDED
from advocacy.models import Submission
from advocacy.sharing.links import count_opening, staff_link
from tests.factories import (
    make_campaign,
    make_legislature,
    make_mandate,
    make_membership,
    make_submission,
    unique_address,
)

pytestmark = pytest.mark.django_db


def confirmed(campaign, name="ann", **fields) -> Submission:
    submission = make_submission(
        campaign, [make_mandate(fields.pop("legislature", None))], address=unique_address(name), **fields
    )
    letters.confirm(submission)
    submission.refresh_from_db()
    return submission


def test_each_way_to_a_member_is_counted_and_passing_on_apart():
    member = make_membership(with_list=True)
    campaign = member.campaign
    link = staff_link(campaign, membership=member, source="poster")
    count_opening(link)
    first = confirmed(campaign, membership=member, wants_member_news=True, member_consent_text="News.")
    confirmed(campaign, membership=member, source=EMBEDDED, legislature=make_legislature(country="FR"))
    confirmed(campaign, membership=member, source="poster")
    confirmed(campaign, referrer=first)
    confirmed(campaign)
    make_submission(campaign, membership=member)  # never confirmed
    found = crediting.of_campaign(campaign)
    one = found[member.pk]
    assert (one.letters, one.supporters, one.countries) == (3, 3, 2)
    assert (one.by_page, one.by_form, one.by_links) == (1, 1, [("poster", 1)])
    assert (one.passed_on, one.sign_ups, one.opened) == (1, 1, 1)
    assert one.series.total == 3
    assert found[None].letters == 2
    total = crediting.total_of(found, campaign)
    assert (total.letters, total.supporters, total.sign_ups) == (5, 5, 1)
    assert crediting.by_country(member) == [("FR", 1), ("KE", 2)] or sorted(crediting.by_country(member)) == [
        ("FR", 1),
        ("KE", 2),
    ]


def test_a_letter_taken_back_and_a_test_count_for_nobody():
    member = make_membership()
    letters.withdraw(confirmed(member.campaign, membership=member).letters.get())
    tests = make_membership(make_campaign(test_mode=True), with_list=True)
    confirmed(tests.campaign, membership=tests, wants_member_news=True)
    assert crediting.of_member(member).letters == 0
    found = crediting.of_campaign(tests.campaign)
    assert (found[tests.pk].letters, found[tests.pk].sign_ups) == (0, 0)
    assert crediting.total_of(found, tests.campaign).sign_ups == 0


def test_the_figures_of_many_members_take_as_many_questions_as_those_of_one(django_assert_num_queries):
    campaign = make_campaign()
    for _number in range(4):
        confirmed(campaign, membership=make_membership(campaign))
    with django_assert_num_queries(7):
        assert len(crediting.of_campaign(campaign)) == 5
    with django_assert_num_queries(0):
        crediting.of_campaign(campaign)


def test_a_supporters_personal_link_credits_the_supporter_and_not_the_member():
    member = make_membership()
    first = confirmed(member.campaign, membership=member)
    came = sharing.came_by(member.campaign, sharing.personal_link(first).code)
    assert (came.referrer, came.membership) == (first, None)
