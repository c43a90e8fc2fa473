from __future__ import annotations

import pytest

from mailer.writing import pasting, rich

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">
<head><meta name=Generator content="Microsoft Word 15"><style><!-- p.MsoNormal {margin:0cm;} @import "x"; --></style>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]--></head>
<body lang=EN-GB><!--StartFragment-->
<h1 style='mso-outline-level:1'><span lang=EN-US style='mso-fareast-font-family:"Times New Roman"'>Join us<o:p></o:p></span></h1>
<p class=MsoNormal style='margin-bottom:0cm'><b style='mso-bidi-font-weight:normal'>Dear friends</b>, read
<i>this</i>&nbsp;<a href="https://epistle.example/a?b=1&amp;c=2"><span style='color:#0563C1'>page</span></a>.<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;
</span></span></span><![endif]>Truly global justice;<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span>o&nbsp;</span><![endif]>deeper</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span>·&nbsp;</span><![endif]>A
strengthening of the ICC</p>
<p class=MsoNormal>Then:</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span>1.&nbsp;</span><![endif]>Read</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span>2.&nbsp;</span><![endif]>Write</p>
<!--EndFragment--></body></html>"""

DOCS = """<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1">
<h2 dir="ltr" style="line-height:1.38"><span style="font-size:16pt;font-weight:400">Join us</span></h2>
<p dir="ltr"><span style="font-weight:700">Dear friends</span><span style="font-weight:400">, read </span><span
style="font-style:italic">this</span><span> </span><a href="https://www.google.com/url?q=https://epistle.example/a%3Fb%3D1&amp;sa=D"
style="text-decoration:none;"><span style="color:#1155cc;text-decoration:underline">page</span></a></p><br />
<ul><li dir="ltr" style="list-style-type:disc"><p dir="ltr" role="presentation"><span>Truly global justice</span></p></li>
<ul><li dir="ltr"><p dir="ltr"><span>deeper</span></p></li></ul><li dir="ltr"><p><span>A strong court</span></p></li></ul>
<ol><li dir="ltr"><p dir="ltr"><span>Read</span></p></li></ol></b><br class="Apple-interchange-newline">"""


def test_what_was_written_in_word_keeps_its_headings_lists_emphasis_and_links():
    assert pasting.cleaned(WORD) == (
        "<h3>Join us</h3>"
        '<p><strong>Dear friends</strong>, read <em>this</em>\u00a0<a href="https://epistle.example/a?b=1&amp;c=2">page</a>.</p>'
        "<ul><li>Truly global justice;<ul><li>deeper</li></ul></li><li>A strengthening of the ICC</li></ul>"
        "<p>Then:</p><ol><li>Read</li><li>Write</li></ol>"
    )


def test_what_was_written_in_google_docs_keeps_them_too():
    assert pasting.cleaned(DOCS) == (
        "<h3>Join us</h3>"
        '<p><strong>Dear friends</strong>, read <em>this</em> <a href="https://epistle.example/a?b=1">page</a></p>'
        "<ul><li>Truly global justice<ul><li>deeper</li></ul></li><li>A strong court</li></ul>"
        "<ol><li>Read</li></ol>"
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain words", "<p>plain words</p>"),
        ("<p>one</p><p>two<br>three</p>", "<p>one</p><p>two<br>three</p>"),
        ("<div>one</div><div>two</div>", "<p>one</p><p>two</p>"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "<p>a</p><p>b</p>"),
        ("<p style='mso-list:l0 level1'>· one</p>", "<ul><li>one</li></ul>"),
        ("<p>soft\u00adhyphen</p>", "<p>softhyphen</p>"),
        ("<script>x</script><p onclick=x>a<img src=x onerror=y></p>", "<p>a</p>"),
        ("<p><a href='javascript:x'>a</a></p>", "<p>a</p>"),
        ("<p><a href='#top'>a</a></p>", "<p>a</p>"),
        ("<p><b>un<i>closed", "<p><strong>un<em>closed</em></strong></p>"),
        ("</p></b></li>odd", "<p>odd</p>"),
        ("<span style='display:none'>tracking</span>seen", "<p>seen</p>"),
        ("", ""),
        ("<p>a &lt;b&gt; &amp;amp; c</p>", "<p>a &lt;b&gt; &amp;amp; c</p>"),
        ("{{ first_name | friend }}", "<p>{{ first_name | friend }}</p>"),
    ],
)
def test_whatever_is_pasted_comes_in_clean(html: str, text: str):
    assert pasting.cleaned(html) == text
    assert pasting.cleaned(text) == text


@pytest.mark.parametrize(
    "bad", ["<ul>" * 5_000, "<b>" * 5_000 + "x", "<!--" * 50_000, "<![if !supportLists]>" * 5_000]
)
def test_no_paste_takes_long_or_breaks(bad: str):
    assert rich.clean(pasting.cleaned(bad)) == pasting.cleaned(bad)
