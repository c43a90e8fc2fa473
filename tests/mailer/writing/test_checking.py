from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from mailer.writing import checking

REFUSED = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.test></SCRIPT>",
    "<p onclick=alert(1)>x</p>",
    '<img src="https://epistle.example/a.png" ONERROR="alert(1)">',
    '<img alt="a\\" onerror="alert(1)" src="https://epistle.example/a.png">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="\u200bjavascript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="data:text/html,<script>1</script>">x</a>',
    '<a href="file:///etc/passwd">x</a>',
    '<a href="//evil.test/">x</a>',
    '<a href="/relative">x</a>',
    '<img src="data:image/svg+xml,<svg onload=1>">',
    '<img src="data:text/html;base64,AAAA">',
    '<img src="https://epistle.example/a.png" srcset="x 2x">',
    '<td background="javascript:alert(1)">',
    "<style>@import url(https://evil.test/a.css)</style>",
    "<style>@font-face{font-family:x;src:url(https://evil.test/a.woff)}</style>",
    "<style>@\\import 'x'</style>",
    "<style>@\\69 mport 'x'</style>",
    "<style>@\\000069mport 'x'</style>",
    '<p style="background:u\\72l(//evil.test/x)">x</p>',
    '<p style="a:\\/* ; background:url(//evil.test/x); */">x</p>',
    '<p style="\\2f\\2a ; background:url(//evil.test/x); \\2a\\2f">x</p>',
    "<style>a{width:expr/**/ession(alert(1))}</style>",
    "<style>a{background:url('javascript:alert(1)')}</style>",
    '<p style="background:url(data:text/html,x)">x</p>',
    '<p style="-moz-binding:url(https://evil.test/x.xml#a)">x</p>',
    '<iframe src="https://epistle.example/"></iframe>',
    "<object data=x></object>",
    "<embed src=x>",
    '<form action="https://evil.test/"><input name=password></form>',
    "<svg><animate onbegin=alert(1) /></svg>",
    "<math><mi>x</mi></math>",
    '<base href="https://evil.test/">',
    '<link rel="stylesheet" href="https://evil.test/a.css">',
    '<meta http-equiv="refresh" content="0;url=https://evil.test/">',
    "<video autoplay></video>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    '<!--[if gte mso 9]><a href="javascript:alert(1)">x</a><![endif]-->',
    "<!-- hidden words -->",
    '<?xml-stylesheet href="javascript:alert(1)"?>',
    "<!DOCTYPE html SYSTEM 'https://evil.test/x.dtd'>",
    "<template><script>1</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
]


@pytest.mark.parametrize("html", REFUSED)
def test_what_could_do_anything_is_refused(html: str):
    with pytest.raises(ValidationError):
        checking.check(f"<!doctype html><html><body>{html}</body></html>")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://epistle.example/?a=1&amp;b=2">x</a><a href="mailto:us@epistle.example">y</a>',
        '<a href="{{ unsubscribe_link }}">x</a>',
        '<img alt="" src="data:image/png;base64,iVBORw0KGgo=">',
        "<style>@media (prefers-color-scheme: dark) { a > b { color: red !important } }</style>",
        "<!--[if mso | IE]><table><tr><td><![endif]--><p>x</p><!--[if mso | IE]></td></tr></table><![endif]-->",
        "<!--[if !mso]><!--><meta http-equiv='X-UA-Compatible' content='IE=edge'><!--<![endif]-->",
        "<p>javascript: the good parts, @import and onclick= are words</p>",
    ],
)
def test_what_is_only_read_or_followed_may_stand(html: str):
    checking.check(f"<!doctype html><html><body>{html}</body></html>")
