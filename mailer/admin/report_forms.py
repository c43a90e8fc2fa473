"""What narrows the people of a report, read from the page's address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import sealed_words
from contacts.fields import language_name
from mailer.models import Delivery, Mailing
from mailer.reporting.people import ANY_LINK, Search
from mailer.reporting.states import State


class PeopleForm(forms.Form):
    """A search among the people of one mailing. What cannot be read narrows nothing, and is told (`is_misread`)."""

    q = forms.CharField(required=False, max_length=300)
    state = forms.ChoiceField(
        choices=[("", "—"), ("sent", _("sent, whatever came after")), *State.choices],
        required=False,
        label=_("State"),
    )
    bounce = forms.ChoiceField(
        choices=[("", "—"), *Delivery.BounceClass.choices], required=False, label=_("Kind of bounce")
    )
    domain = forms.CharField(required=False, max_length=253, label=_("Receiving domain"))
    link = forms.ChoiceField(required=False, label=_("Clicked"))
    language = forms.ChoiceField(required=False, label=_("Language"))

    def __init__(self, query: QueryDict, mailing: Mailing) -> None:
        super().__init__(query)
        choice: Any = self.fields
        links = mailing.links.order_by("number")
        choice["link"].choices = [
            ("", "—"),
            (str(ANY_LINK), _("any link")),
            *((str(link.number), f"{link.number}. {link.label or link.url}"[:80]) for link in links),
        ]
        codes = mailing.messages.order_by("language").values_list("language", flat=True).distinct()
        choice["language"].choices = [("", "—"), *((code, language_name(code)) for code in codes)]

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().lower().lstrip("@")

    def search(self) -> Search:
        self.is_valid()
        read = self.cleaned_data
        return Search(
            words=read.get("q", ""),
            state=read.get("state", ""),
            bounce_class=read.get("bounce", ""),
            domain=read.get("domain", ""),
            link=int(read["link"]) if read.get("link") else None,
            language=read.get("language", ""),
        )

    def is_misread(self) -> bool:
        """Whether something that should narrow the search could not be read."""
        return bool(self.errors)

    def chips(self) -> Iterator[tuple[str, str]]:
        """What narrows the list now, in words, with the query that takes it away again."""
        for name, given in self.cleaned_data.items():
            if given:
                field: Any = self.fields[name]
                words = dict(getattr(field, "choices", ())).get(given, given)
                yield (f"“{words}”" if name == "q" else f"{field.label}: {words}"), self._without(name)

    def kept(self) -> str:
        """The query as it was read, without the place in the list."""
        return self._without()

    def without_words(self) -> str:
        """The filters, always written alike, without the words searched for: they may be somebody's address."""
        return self._without("q")

    def _without(self, gone: str = "") -> str:
        query = QueryDict(mutable=True)
        for name in self.fields:
            given = self.data.get(name)
            if given and name != gone and name not in self.errors:
                known, value = sealed_words.closed(self.data, name)
                query[known] = value
        return str(query.urlencode())


class SettleForm(forms.Form):
    """A person's word on deliveries whose fate is unknown: those ticked, or all there are."""

    ARRIVED, AGAIN = "arrived", "again"
    TYPE_ABOVE = 1_000  # settling all of more asks for their number (LOOK.md)

    act = forms.ChoiceField(choices=[(ARRIVED, ""), (AGAIN, "")])
    whom = forms.ChoiceField(choices=[("ticked", ""), ("all", "")], initial="ticked")
    count = forms.CharField(required=False, max_length=20)
    why = forms.CharField(
        label=_("How do you know?"),
        max_length=300,
        help_text=_("For example: the provider's own log lists them. It stands in the history of each mail."),
    )

    def fits(self, count: int) -> bool:
        """Whether the number that was typed is `count`, where one has to be typed; else the form says what is wrong."""
        typed = "".join(sign for sign in self.cleaned_data["count"] if sign.isdecimal())
        if self.cleaned_data["whom"] != "all" or count <= self.TYPE_ABOVE or typed == str(count):
            return True
        self.add_error("count", _("Please type the number of mails."))
        return False
