"""Mails that servers wrote when ours came back, in tests/data/bounces: as they write them, with example names."""

from __future__ import annotations

from pathlib import Path

from mailer import headers, verp

FOLDER = Path(__file__).resolve().parents[2] / "data" / "bounces"


def mail(name: str, delivery: int, *, sealed: str = "both") -> bytes:
    """The mail with our return path and Message-ID of this delivery; `sealed` leaves one, or none, of the two in it."""
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8")
    path = verp.return_path(delivery) if sealed in {"both", "path"} else "bounces@epistle.example"
    number = headers.message_id_for(delivery) if sealed in {"both", "id"} else "<x@relay.example>"
    return text.replace("{return_path}", path).replace("{message_id}", number).replace("\n", "\r\n").encode()
