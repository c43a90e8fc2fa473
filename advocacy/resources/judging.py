"""What a file is, by what stands in it: its name and what a browser says of it are only words.

The list is short on purpose. What is not on it is refused, and what is on it is called by its own ending. Nothing is
decoded or unpacked: a look at the head, at the list of an archive, and once through a drawing.
"""

from __future__ import annotations

import codecs
import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from PIL import Image

MOST_BYTES = 50_000_000
MOST_PIXELS = 80_000_000  # declared; such a picture is handed on, not decoded
MOST_BYTES_OF_A_DRAWING = 5_000_000
MOST_MEMBERS = 10_000
_MOST_DIRECTORY = 2_000_000  # octets of an archive's list, which is read into memory
_PIECE = 1 << 20

TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "zip": "application/zip",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
}
_PICTURES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
_OFFICE = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
# Brands of ISO/IEC 14496-12 that players call MP4; QuickTime, HEIC and AVIF have others.
_MP4 = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"}
_SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Judged:
    """A file we take. format: its ending, a key of `TYPES`; width and height in pixels, for pictures."""

    format: str
    width: int | None = None
    height: int | None = None


def judge(file: BinaryIO, name: str) -> Judged:
    """What the file is. Raises ValidationError for what is not on the list, broken, or dangerous to hand on.

    `name` only tells a table from other text. The file is left at its beginning. Memory: a few megabytes.
    """
    try:
        for look in _LOOKS:
            file.seek(0)
            if found := look(file, name):
                return found
    finally:
        file.seek(0)
    raise ValidationError(
        _("We cannot take “%(name)s”: it is none of %(formats)s."),
        code="format",
        params={"name": PurePath(name).name[:80], "formats": ", ".join(format.upper() for format in TYPES)},
    )


def clean_name(typed: str, format: str) -> str:
    """How a file is called when it is saved: letters of any script, digits, - and _, and the ending it really has."""
    stem = PurePath(typed.replace("\\", "/")).name
    if "." in stem:
        stem = stem.rpartition(".")[0]
    stem = slugify(unicodedata.normalize("NFC", stem), allow_unicode=True)[:80].strip("-_")
    return f"{stem or 'file'}.{format}"


def _refused(words: Any) -> ValidationError:
    return ValidationError(words, code="refused")


def _picture(file: BinaryIO, name: str) -> Judged | None:
    try:
        with Image.open(file, formats=list(_PICTURES)) as image:
            found = Judged(_PICTURES[str(image.format)], image.width, image.height)
    except Exception:
        return None
    if image.width * image.height > MOST_PIXELS:
        raise _refused(_("The picture has too many pixels."))
    return found


def _by_head(file: BinaryIO, name: str) -> Judged | None:
    head = file.read(64)
    if head.startswith(b"%PDF-"):
        return Judged("pdf")
    if head[4:8] == b"ftyp" and head[8:12] in _MP4:
        return Judged("mp4")
    # ID3v2, or the sync of an MPEG layer III frame with a bit rate and a sampling rate (ISO/IEC 11172-3 §2.4.2.3).
    is_frame = len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] >> 4 not in {0, 15}
    if head.startswith(b"ID3") or (is_frame and head[2] & 0x0C != 0x0C):
        return Judged("mp3")
    return None


def _archive(file: BinaryIO, name: str) -> Judged | None:
    """A zip: one of an office program by what must stand in it, else any other."""
    if file.read(4) not in {b"PK\x03\x04", b"PK\x05\x06"}:
        return None
    _bound_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            names = {member.filename for member in archive.infolist()}
            is_locked = any(member.flag_bits & 1 for member in archive.infolist())
            first = archive.infolist()[0] if names else None
            kind = b""
            if first and first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED:
                with archive.open(first) as stream:
                    kind = stream.read(64)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, RuntimeError) as error:
        raise _refused(_("The archive is damaged.")) from error
    if len(names) > MOST_MEMBERS:
        raise _refused(_("The archive holds too many files."))
    if is_locked:
        raise _refused(_("The archive is locked with a password."))
    if any(one.casefold().endswith(("vbaproject.bin", "vbadata.xml")) for one in names):
        raise _refused(_("The document holds macros. Please save it without them."))
    if kind == TYPES["odt"].encode():
        return Judged("odt")
    is_office = "[Content_Types].xml" in names
    return Judged(next((format for part, format in _OFFICE.items() if is_office and part in names), "zip"))


def _bound_directory(file: BinaryIO) -> None:
    """Refuse an archive whose list is longer than anybody needs; `zipfile` would read it all into memory."""
    size = file.seek(0, 2)
    # APPNOTE.TXT 4.3.15 and 4.3.16: a locator of 20 octets, 22 octets, and a comment of at most 65,535.
    file.seek(max(0, size - 65_577))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise _refused(_("The archive is damaged."))
    (octets,) = struct.unpack_from("<I", tail, at + 12)
    # The real figure may stand elsewhere (ZIP64), which no archive of this size needs.
    if octets > _MOST_DIRECTORY or tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        raise _refused(_("The archive holds too many files."))
    file.seek(0)


def _drawing(file: BinaryIO, name: str) -> Judged | None:
    """An SVG. It is only ever handed out to be saved; but people put it on sites of their own, so one that would run
    something there or load something from elsewhere is refused."""
    if b"<" not in file.read(64):
        return None
    file.seek(0)
    reader = _DrawingReader()
    try:
        for piece in iter(lambda: file.read(_PIECE), b""):
            reader.parser.Parse(piece, False)
            if file.tell() > MOST_BYTES_OF_A_DRAWING:
                raise _refused(_("The drawing is larger than 5 MB."))
        reader.parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, LookupError, UnicodeError):
        return None  # not XML, or not to its end
    if not reader.is_drawing:
        return None
    if reader.runs:
        raise _refused(
            _("The drawing holds a script, or loads something from elsewhere. Please save it as plain SVG.")
        )
    return Judged("svg")


class _DrawingReader:
    """Goes through XML without keeping it, but for the words of a style."""

    def __init__(self) -> None:
        self.is_drawing: bool | None = None
        self.runs = False
        self._style: list[str] | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._element
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words
        self.parser.EntityDeclHandler = self._entity
        self.parser.ProcessingInstructionHandler = self._instruction

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        space, _blank, tag = name.rpartition(" ")
        if self.is_drawing is None:
            self.is_drawing = tag == "svg" and space in {"", _SVG}
        tag = tag.casefold()
        if tag in {"script", "foreignobject", "iframe", "embed", "object", "handler", "listener"}:
            self.runs = True
        if tag == "style":
            self._style = []
        for key, value in attributes.items():
            key, value = key.rpartition(" ")[2].casefold(), "".join(value.split()).casefold()
            self.runs = self.runs or key.startswith("on") or _loads(tag, key, value)

    def _words(self, words: str) -> None:
        if self._style is not None:
            self._style.append(words)

    def _end(self, _name: str) -> None:
        if self._style is not None:
            self.runs = self.runs or _loads("style", "style", "".join(self._style).casefold())
            self._style = None

    def _entity(self, *_declared: object) -> None:
        self.runs = True  # a declared entity can grow without end, or read another file

    def _instruction(self, target: str, _data: str) -> None:
        self.runs = self.runs or target.casefold() == "xml-stylesheet"


def _loads(tag: str, key: str, value: str) -> bool:
    """Whether an attribute brings a script, or anything from outside the drawing. A plain link brings nothing."""
    if key in {"href", "src"}:
        # `use` takes what it names into the drawing, handlers and all; a picture is only shown.
        inside = ("#",) if tag == "use" else ("#", "data:image/")
        return not value.startswith((*inside, "http://", "https://", "mailto:") if tag == "a" else inside)
    # Also in the middle: an animation goes through a list of values.
    if "javascript:" in value or "vbscript:" in value:
        return True
    return "@import" in value or re.search(r"url\(\s*+[\"']?+\s*+(?!#|data:image/)", value) is not None


def _text(file: BinaryIO, name: str) -> Judged | None:
    """Text in UTF-8 without control characters. Whether it is a table, only its name says."""
    decode = codecs.getincrementaldecoder("utf-8-sig")()
    first, is_empty = "", True
    try:
        for piece in iter(lambda: file.read(_PIECE), b""):
            words = decode.decode(piece)
            is_empty = is_empty and not words.strip()
            first = first or words[:200]
            if _CONTROLS & set(words):
                return None
        decode.decode(b"", True)
    except UnicodeDecodeError:
        return None
    if is_empty:
        raise _refused(_("The file is empty."))
    if first.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        return Judged("ics")
    if first.lstrip().casefold().startswith(("<!doctype", "<html", "<?xml", "<svg", "<?php", "#!")):
        return None  # a page or a program by another name
    return Judged("csv" if name.casefold().endswith(".csv") else "txt")


_CONTROLS = {chr(code) for code in range(32)} - set("\t\n\r\f")
_LOOKS: tuple[Callable[[BinaryIO, str], Judged | None], ...] = (_picture, _by_head, _archive, _drawing, _text)
