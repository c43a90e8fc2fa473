from __future__ import annotations

import pytest

from mailer.models import MailingText
from mailer.writing import blocks, conditions, layouts, rendering
from tests.factories import make_mailing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("name", layouts.LAYOUTS)
def test_a_layout_can_be_seen_at_once_and_not_sent_before_it_is_written(name: str, language: str):
    begun = layouts.begun(name, language)
    text = MailingText(mailing=make_mailing(texts=False), language=language, blocks=begun)
    shown = rendering.render(text, draft=True, part=conditions.ALL)
    assert "{{ unsubscribe_link }}" in shown.html
    problems = blocks.problems(begun)
    assert any("still stand here" in one.message for one in problems)
    assert {one.field for one in problems} <= {"text", "html", "alt", "url", "source", "items", "picture"}


def test_two_mailings_of_one_layout_share_no_block_ids():
    one, other = layouts.begun("digest", "en"), layouts.begun("digest", "en")
    assert not {block["id"] for block in one} & {block["id"] for block in other}


def test_the_call_to_action_has_the_parts_of_the_coalition_s_call():
    kinds = [block["kind"] for block in layouts.begun("call_to_action", "en")]
    assert kinds.index("quote") < kinds.index("video") < kinds.index("list") < kinds.index("button")
    assert [block["numbered"] for block in layouts.begun("call_to_action", "en") if block["kind"] == "list"][
        1
    ]
    assert kinds[-1] == "footer"
    assert "share" in kinds
