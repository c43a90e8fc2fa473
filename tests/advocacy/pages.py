"""A visitor without JavaScript: reads a page's forms and sends them as a browser would."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client

_EMPTY = {"input", "br", "img", "meta", "link", "hr"}


class Form:
    """One form of a page: where it goes, what its fields hold, which buttons it has."""

    def __init__(self, attributes: dict[str, str], address: str) -> None:
        self.action = attributes.get("action") or address
        self.method = attributes.get("method", "get").lower()
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[dict[str, str]] = []

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]


class Page(HTMLParser):
    """A page as somebody without a script has it."""

    def __init__(self, response: HttpResponse, address: str) -> None:
        super().__init__()
        self.response, self.html, self.address = response, response.content.decode(), address
        self.forms: list[Form] = []
        self.text = ""
        self.active: list[str] = []
        self._form: Form | None = None
        self._textarea: str | None = None
        self._select: str | None = None
        self._hidden = 0
        self.feed(self.html)

    def handle_starttag(self, tag: str, found: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in found}
        if tag in {"script", "style"}:
            self._hidden += 1
        # A script of this type is data for search engines: a browser runs it as little as a text.
        is_data = attributes.get("type") == "application/ld+json"
        if (tag == "script" and "src" not in attributes and not is_data) or tag in {
            "img",
            "iframe",
            "object",
            "embed",
            "style",
            "i",
        }:
            self.active.append(tag)
        self.active += [name for name in attributes if name.startswith("on") or name == "style"]
        self.active += [
            value for value in attributes.values() if value.strip().lower().startswith("javascript:")
        ]
        if tag == "form":
            self._form = Form(attributes, self.address)
            self.forms.append(self._form)
        if self._form is not None:
            self._read_field(tag, attributes, self._form)

    def _read_field(self, tag: str, attributes: dict[str, str], form: Form) -> None:
        name = attributes.get("name", "")
        if tag == "button":
            form.buttons.append(attributes)
        elif tag == "textarea" and name:
            self._textarea = name
            form.fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in attributes:
            form.fields.append((self._select, attributes.get("value", "")))
        elif tag == "input" and name and "disabled" not in attributes:
            is_tick = attributes.get("type") in {"checkbox", "radio"}
            if is_tick and "checked" not in attributes:
                return
            form.fields.append((name, attributes.get("value", "on" if is_tick else "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = None
        elif tag == "select":
            self._select = None
        elif tag in {"script", "style"}:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if self._textarea is not None and self._form is not None:
            name, value = self._form.fields[-1]
            self._form.fields[-1] = (name, value + data)
        elif not self._hidden:
            self.text += data

    def form(self, part: str) -> Form:
        """The form whose address holds `part`."""
        return next(form for form in self.forms if part in form.action)


class Visitor:
    """Walks from page to page; keeps no cookie, as in a page embedded elsewhere."""

    def __init__(self, language: str = "en", **headers: str) -> None:
        self.client = Client()
        self.language, self.headers = language, headers

    def get(self, address: str) -> Page:
        return self._page(self.client.get(address, headers=self.headers), address)

    def send(self, form: Form, /, *, action: str = "", button: str = "", **changed: Any) -> Page:
        """Send a form with some fields changed (a list for several values, None to leave one out)."""
        fields = [(name, value) for name, value in form.fields if name not in changed]
        for name, value in changed.items():
            fields += [
                (name, str(one)) for one in (value if isinstance(value, list) else [value]) if one is not None
            ]
        if button:
            fields.append(("action", button))
        address, query = action or form.action.partition("#")[0], urlencode(fields, errors="surrogateescape")
        if form.method == "get":
            return self.get(f"{address.partition('?')[0]}?{query}")
        answer = self.client.post(
            address, query, content_type="application/x-www-form-urlencoded", headers=self.headers
        )
        return self._page(answer, address)

    def _page(self, answer: HttpResponse, address: str) -> Page:
        assert not answer.cookies, "a public page must not set a cookie"
        while answer.status_code in {301, 302, 303}:
            address = answer["Location"].partition("#")[0]
            answer = self.client.get(address, headers=self.headers)
            assert not answer.cookies
        return Page(answer, address)

    # --- the journey ---

    def choose(self, campaign: Any, country: str = "KE", **filters: str) -> Page:
        query = urlencode({"country": country, **filters})
        return self.get(f"/{self.language}/c/{campaign.slug}/write/?{query}")

    def to_letter(self, campaign: Any, *people: int, country: str = "KE") -> Page:
        query = urlencode({"country": country, "to": people}, doseq=True)
        return self.get(f"/{self.language}/c/{campaign.slug}/write/letter/?{query}")

    def fill(self, page: Page, button: str = "preview", **changed: Any) -> Page:
        """The form of the letter, filled in well except for what is changed."""
        well = {"name": "Ann Example", "email": "ann@example.org", "place": "Kisumu", "letter_consent": "on"}
        return self.send(page.form("/write/letter/"), button=button, **{**well, **changed})
