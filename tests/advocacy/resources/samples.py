"""Small files of every kind we take, made where they are needed."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4"/></svg>'


def picture(
    format: str = "PNG", size: tuple[int, int] = (30, 20), mode: str = "RGBA", **options: Any
) -> bytes:
    out = io.BytesIO()
    image = Image.new(mode, size, (200, 30, 30, 128)[: len(mode)])
    image.save(out, format, **options)
    return out.getvalue()


def archive(*names: str, **contents: bytes) -> bytes:
    """A zip with these files in it, `mimetype` first and unpacked, as OpenDocument asks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(zipfile.ZipInfo(name), content)
        for name in names:
            file.writestr(name, b"<x/>")
    return out.getvalue()


ODT = b"application/vnd.oasis.opendocument.text"
EVERY = {
    "png": picture(),
    "jpg": picture("JPEG", mode="RGB"),
    "gif": picture("GIF", mode="RGB"),
    "webp": picture("WEBP"),
    "svg": SVG,
    "pdf": b"%PDF-1.7\n%%EOF\n",
    "docx": archive("[Content_Types].xml", "word/document.xml"),
    "xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    "pptx": archive("[Content_Types].xml", "ppt/presentation.xml"),
    "odt": archive("content.xml", mimetype=ODT),
    "zip": archive("logo.png"),
    "mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2",
    "mp3": b"\xff\xfb\x90\x64" + bytes(60),
    "csv": "name;straße\n".encode(),
    "txt": "Gardez la ligne 42 – مرحبا\n".encode(),
    "ics": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n",
}
