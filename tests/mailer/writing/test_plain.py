from __future__ import annotations

import pytest

from mailer.writing import blocks, plain
from tests.mailer.writing.samples import EVERY_KIND, block

FOOTING = plain.Footing(
    why="You get this mail because you subscribed to “News”.",
    sender_name="Coalition",
    postal_address="1 Example Street",
    words="<p>With thanks.</p>",
    theme_words="",
    unsubscribe="Unsubscribe",
    preferences="Change what you get",
    web="View in browser",
)
FOOT = """\
----------

With thanks.

You get this mail because you subscribed to “News”.

Unsubscribe: {{ unsubscribe_link }}
Change what you get: {{ preferences_link }}
View in browser: {{ web_link }}

Coalition
1 Example Street
"""
TEXT = """\
Stand with {{ first_name | friend }}
=================

Dear {{ first_name | friend }}, justice & our story <https://epistle.example/story/>.

- one
- two

[Picture: A "quoted" crowd]
https://epistle.example/crowd/?a=1&b=2
The Hague, 2016

→ Write to them: https://epistle.example/write/

→ Watch the film (2:31): https://epistle.example/film/

- Truly global justice
- A strong court

1. Read
2. Write
3. Share

Pass it on
Justice for all
https://epistle.example/

> All peoples are united by common bonds.
>
> – Rome Statute

Left

→ Right: https://epistle.example/right/

* * *

Hello expert: https://epistle.example/expert/

"""


def said(*given: dict, direction: str = "ltr") -> str:
    body = [one for one in blocks.draft(list(given)) if one.kind != "footer"]
    return plain.of(body, FOOTING, direction)


def test_the_text_part_reads_as_a_person_would_have_written_it():
    assert said(*EVERY_KIND) == TEXT + FOOT


def test_a_button_points_the_way_the_script_runs():
    assert said(block("button"), direction="rtl").startswith("← Write to them: https://")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p>See <a href="https://epistle.example/">epistle.example</a>.</p>', "See epistle.example."),
        (
            '<p>See <a href="https://epistle.example/a">this page</a></p>',
            "See this page: https://epistle.example/a",
        ),
        ('<p>Ask <a href="mailto:us@epistle.example">us@epistle.example</a></p>', "Ask us@epistle.example"),
        ('<p><a href="tel:+31700000">Call</a> us</p>', "Call <tel:+31700000> us"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ul><li><p>a</p><ol><li><p>b</p></li></ol></li><li><p>c</p></li></ul>", "- a\n  1. b\n- c"),
        ("<p>one<br>two</p><p>three</p>", "one\ntwo\n\nthree"),
        ("<p>a &lt;b&gt; &amp; c\ud7a3</p>", "a <b> & c\ud7a3"),
        ("<blockquote><p>said</p></blockquote>", "said"),
    ],
)
def test_rich_text_becomes_plain(html: str, text: str):
    assert plain.from_rich(html) == text


def test_a_text_by_hand_is_given_only_what_it_lacks():
    by_hand = "Hello.\n\nLeave: {{ unsubscribe_link }}\nCoalition, 1 Example Street\n"
    assert plain.with_ways_out(by_hand, FOOTING) == by_hand
    assert plain.with_ways_out("Hello.", FOOTING) == (
        "Hello.\n\nYou get this mail because you subscribed to “News”.\nUnsubscribe: {{ unsubscribe_link }}\n\n"
        "Coalition\n1 Example Street\n"
    )
