"""Blocks to write mailings from: one of every kind, complete."""

from __future__ import annotations

from typing import Any

STILL = "https://epistle.example/still.jpg"
MJML = (
    '<mj-section><mj-column><mj-text>Hello <a href="https://epistle.example/expert/">expert</a></mj-text>'
    "</mj-column></mj-section>"
)

EVERY_KIND: list[dict[str, Any]] = [
    {"id": "b1", "kind": "heading", "text": "Stand with {{ first_name | friend }}", "level": "1"},
    {
        "id": "b2",
        "kind": "text",
        "html": '<p>Dear {{ first_name | friend }}, <strong>justice</strong> & <a href="https://epistle.example/story/">'
        "our story</a>.</p><ul><li>one</li><li>two</li></ul>",
    },
    {
        "id": "b3",
        "kind": "picture",
        "src": STILL,
        "alt": 'A "quoted" crowd',
        "link": "https://epistle.example/crowd/?a=1&b=2",
        "caption": "The Hague, <em>2016</em>",
    },
    {
        "id": "b4",
        "kind": "button",
        "text": "Write to them",
        "url": "https://epistle.example/write/",
        "align": "center",
    },
    {
        "id": "b5",
        "kind": "video",
        "src": STILL,
        "alt": "Survivors speak",
        "url": "https://epistle.example/film/",
        "text": "Watch the film (2:31)",
    },
    {"id": "b6", "kind": "list", "items": ["Truly <strong>global</strong> justice", "A strong court"]},
    {"id": "b7", "kind": "list", "items": ["Read", "Write", "Share"], "numbered": True},
    {
        "id": "b8",
        "kind": "share",
        "title": "Pass it on",
        "networks": ["whatsapp", "mail", "bluesky"],
        "text": "Justice for all",
        "url": "https://epistle.example/",
    },
    {
        "id": "b9",
        "kind": "quote",
        "html": "<p>All peoples are united by common bonds.</p>",
        "source": "Rome Statute",
    },
    {
        "id": "b10",
        "kind": "columns",
        "left": [{"id": "b11", "kind": "text", "html": "<p>Left</p>"}],
        "right": [{"id": "b12", "kind": "button", "text": "Right", "url": "https://epistle.example/right/"}],
    },
    {"id": "b13", "kind": "divider"},
    {"id": "b14", "kind": "spacer", "height": 30},
    {"id": "b15", "kind": "mjml", "source": MJML},
    {"id": "b16", "kind": "footer", "html": "<p>With our thanks.</p>"},
]


def block(kind: str) -> dict[str, Any]:
    """A complete block of one kind."""
    return next(dict(one) for one in EVERY_KIND if one["kind"] == kind)
