"""Turning a stored call back into a mail never fails, whatever somebody put into it."""

from email import message_from_bytes

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.forms import File, Form
from sandbox.mailgun import RefusedError, read_submission
from sandbox.messages import RawMail, html_with_inline_pictures, links, render

ENTRY = {"recipient": "ann@example.com", "time": 0.0, "message_id": "<m1@epistle.example>"}
FILES = st.lists(
    st.builds(File, st.sampled_from(["attachment", "inline"]), st.text(), st.text(), st.binary()), max_size=2
)


@settings(deadline=None)
@given(st.text(), st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.text()), FILES)
def test_whatever_is_accepted_over_http_can_be_shown(subject, sender, text, html, headers, files):
    fields = {"from": sender, "to": "ann@example.com", "subject": subject, "text": text, "html": html}
    fields |= {f"h:{name}": value for name, value in headers.items()}
    try:
        submission = read_submission("epistle.example", Form(list(fields.items()), files))
    except RefusedError:
        return
    rendered = render(submission, ENTRY)
    links(rendered)
    html_with_inline_pictures(rendered)
    assert message_from_bytes(rendered.source)["Message-ID"] == "<m1@epistle.example>"


@settings(deadline=None)
@given(
    st.binary()
    | st.text().map(
        lambda text: f"Content-Type: {text}\r\nSubject: {text}\r\n\r\n{text}".encode("utf-8", "replace")
    )
)
def test_whatever_is_accepted_over_smtp_can_be_shown(source):
    rendered = render(RawMail(source), ENTRY)
    links(rendered)
    html_with_inline_pictures(rendered)
    assert rendered.source == source
