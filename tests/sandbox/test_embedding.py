"""The page that stands for somebody else's website."""

import requests

from sandbox.process import Running


def test_the_other_website_allows_nothing_but_what_our_form_needs(sandbox: Running):
    answer = requests.get(f"{sandbox.url}/embedding", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "script-src http" in policy
    assert "'unsafe-inline'" not in policy
    assert '/embed.js" data-campaign="common-bonds"></script>' in answer.text


def test_what_the_address_names_cannot_become_a_tag(sandbox: Running):
    hostile = '"><script>alert(1)</script>'
    for way in ("script", "frame"):
        query = {"campaign": hostile, "member": hostile, "language": hostile, "way": way}
        answer = requests.get(f"{sandbox.url}/embedding", query, timeout=10)
        assert "<script>alert" not in answer.text
