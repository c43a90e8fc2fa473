"""Reading the bodies of API calls: the quick decoder gives what urllib gives."""

from urllib.parse import unquote_plus as slow_unquote_plus
from urllib.parse import urlencode

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.forms import read_form, unquote_plus

URLENCODED = "application/x-www-form-urlencoded"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text())))
def test_a_form_comes_back_as_it_was_encoded(pairs):
    encoded = urlencode([(k.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for k, v in pairs])
    expected = [
        (k.encode("utf-8", "replace").decode(), v.encode("utf-8", "replace").decode()) for k, v in pairs
    ]
    assert read_form(URLENCODED, encoded.encode()).fields == expected


@settings(deadline=None)
@given(st.text(alphabet="%=+&25Aazé \r\n\t_"))
def test_a_malformed_body_is_read_as_urllib_reads_it(text):
    assert unquote_plus(text.encode()) == slow_unquote_plus(text)


@pytest.mark.parametrize("data", [b"\r\nends\n", b"", bytes(range(256)), b"--boundary\r\n"])
def test_an_uploaded_file_keeps_every_byte(data):
    call = requests.Request(
        "POST", "http://x.example/", data={"to": ["a", "bé"]}, files=[("attachment", ("naïve.bin", data))]
    ).prepare()
    form = read_form(call.headers["Content-Type"], call.body)
    assert form.values("to") == ["a", "bé"]
    assert [(file.field, file.name, file.data) for file in form.files] == [("attachment", "naïve.bin", data)]
