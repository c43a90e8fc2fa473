"""What a file is, judged by what stands in it."""

from __future__ import annotations

import io
import struct

import pytest
from django.core.exceptions import ValidationError

from advocacy.resources import judging
from tests.advocacy.resources.samples import EVERY, SVG, archive, picture


def judge(content: bytes, name: str = "file.bin") -> str:
    return judging.judge(io.BytesIO(content), name).format


def svg(inside: str) -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        + inside
        + "</svg>"
    ).encode()


def test_every_kind_on_the_list_has_a_sample_here():
    assert set(EVERY) == set(judging.TYPES)


@pytest.mark.parametrize("format", EVERY)
def test_a_file_is_what_stands_in_it_whatever_it_is_called(format):
    name = "table.csv" if format == "csv" else "holiday.exe"  # only a table is told from text by its name
    assert judge(EVERY[format], name) == format


def test_a_picture_brings_its_size():
    found = judging.judge(io.BytesIO(picture(size=(30, 20))), "logo.png")
    assert (found.width, found.height) == (30, 20)


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00\x00\x00" + bytes(200),
        b"\x7fELF" + bytes(60),
        b"<!doctype html><script>alert(1)</script>",
        b"  <html><body>hello</body></html>",
        b"#!/bin/sh\nrm -rf /\n",
        b"<?php system($_GET['x']);",
        b'<?xml version="1.0"?><note>plain</note>',
        b"\x00\x00\x00\x20ftypqt  \x00\x00\x02\x00qt  ",
        b"caf\xe9 in an old encoding",
        b"a\x00b",
        b"   \n",
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><circle>",
    ],
    ids=[
        "exe",
        "elf",
        "html",
        "html-2",
        "script",
        "php",
        "xml",
        "quicktime",
        "latin-1",
        "nul",
        "blank",
        "empty",
        "torn",
    ],
)
def test_what_is_not_on_the_list_is_refused_by_any_name(content):
    for name in ("leaflet.txt", "logo.svg", "poster.pdf"):
        with pytest.raises(ValidationError):
            judge(content, name)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<circle onload="alert(1)"/>',
        '<a xlink:href="java\tscript:alert(1)"><text>x</text></a>',
        '<image href="https://tracker.example/pixel.png"/>',
        '<use xlink:href="//other.example/a.svg#x"/>',
        "<foreignObject><p>x</p></foreignObject>",
        "<style>@import 'https://other.example/a.css';</style>",
        '<rect style="fill:url(https://other.example/a)"/>',
        "<set attributeName='href' to='javascript:alert(1)'/>",
        "<a><animate attributeName='href' values='#a;javascript:alert(1)'/><text>x</text></a>",
        '<use href="data:image/svg+xml;base64,PHN2Zy8+#x"/>',
    ],
)
def test_a_drawing_that_runs_or_loads_something_is_refused(inside):
    with pytest.raises(ValidationError):
        judge(svg(inside))


def test_a_drawing_with_an_entity_is_refused():
    bomb = b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]>' + svg("<text>&a;&a;&a;</text>")
    with pytest.raises(ValidationError):
        judge(bomb)


@pytest.mark.parametrize(
    "inside",
    [
        '<a href="https://example.org"><text>our page</text></a>',
        '<linearGradient id="g"/><rect fill="url(#g)" style="fill: url( #g )"/><use href="#g"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        "<style>.a { fill: url('#g') }</style><title>Line 42: 10:30</title>",
    ],
)
def test_a_plain_drawing_is_taken(inside):
    assert judge(svg(inside)) == "svg"
    assert judge(b'<?xml version="1.0"?><!-- made by hand -->' + svg(inside)) == "svg"


def test_a_document_with_macros_and_a_locked_archive_are_refused():
    with pytest.raises(ValidationError, match="macros"):
        judge(archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"))
    locked = bytearray(archive("a.txt"))
    at = locked.index(b"PK\x01\x02")
    struct.pack_into("<H", locked, at + 8, 1)
    with pytest.raises(ValidationError, match="password"):
        judge(bytes(locked))


def test_an_archive_with_a_list_too_long_is_refused_before_it_is_read():
    content = bytearray(archive("a.txt"))
    end = content.index(b"PK\x05\x06")
    elsewhere = content[:end] + b"PK\x06\x07" + bytes(16) + content[end:]
    struct.pack_into("<I", content, end + 12, 0xFFFFFFFF)
    for one in (content, elsewhere):
        with pytest.raises(ValidationError, match="too many files"):
            judge(bytes(one))


def test_a_picture_that_declares_too_many_pixels_is_refused_without_decoding_it():
    content = bytearray(picture("PNG", mode="RGB"))
    struct.pack_into(">II", content, 16, 9_000, 9_000)
    import zlib

    struct.pack_into(">I", content, 29, zlib.crc32(bytes(content[12:29])))
    with pytest.raises(ValidationError, match="pixels"):
        judge(bytes(content))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Poster A3 (final).PDF", "poster-a3-final.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\Ann\\Logo ✓.svg", "logo.png"),
        ("شعار الحملة.png", "شعار-الحملة.png"),
        ("a\r\nContent-Type: text/html.png", "html.png"),
        ("....", "file.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
    ],
)
def test_a_name_is_cleaned_and_gets_the_ending_the_file_really_has(typed, expected):
    assert judging.clean_name(typed, "png") == expected


def test_the_file_is_left_at_its_beginning():
    file = io.BytesIO(SVG)
    judging.judge(file, "logo.svg")
    assert file.tell() == 0
