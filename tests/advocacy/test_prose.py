"""What editors write, and what is passed on."""

import pytest

from advocacy import prose, webmail


def test_headings_begin_below_the_title_of_the_page():
    html = prose.markdown("# One\n\n## Two\n\n###### Six")
    assert "<h2>One</h2>" in html
    assert "<h3>Two</h3>" in html
    assert "<h4>Six</h4>" in html


def test_links_keep_safe_schemes_only_and_tell_nobody_where_the_reader_came_from():
    html = prose.markdown("[a](https://a.example/?x=1&y=2) [b](javascript:alert(1)) [c](data:text/html,x)")
    assert '<a href="https://a.example/?x=1&amp;y=2" rel="noopener noreferrer">a</a>' in html
    assert 'href="javascript' not in html
    assert 'href="data:' not in html


def test_html_in_a_story_is_text():
    assert "<img" not in prose.markdown("<img src=x onerror=alert(1)> <b>bold</b>")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("a@gmail.com", "Gmail"),
        ("a@GoogleMail.com", "Gmail"),
        ("a@hotmail.fr", "Outlook"),
        ("a@gmx.de", "GMX"),
    ],
)
def test_a_known_provider_is_told_by_the_domain(address, name):
    assert webmail.of(address).name == name


@pytest.mark.parametrize("address", ["a@example.org", "a@notgmail.com", "a@gmail.com.evil.test", "", "gmail"])
def test_an_unknown_domain_is_no_provider(address):
    assert webmail.of(address) is None
