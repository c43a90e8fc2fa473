"""What people subscribe to and what they agreed to, as staff see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import localize, number_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.charts import Series, counts_of_days, over
from accounts.desk import Place, ReadOnly, StaffAdmin, figures, navigation
from accounts.models import User
from accounts.permissions import may, scope_of, visible
from contacts import naming, words
from contacts.clock import is_day
from contacts.lookup import by_address
from contacts.models import Consent, MailingList, Subscription

navigation.add(
    Place(61, _("Mailing lists"), "admin:contacts_mailinglist_changelist", "contacts.view_mailinglist")
)
navigation.add(Place(63, _("Consents"), "admin:contacts_consent_changelist", "contacts.view_consent"))


# What people read of a list, and the longest each may be: the name stands in a subject, the consent beside a tick.
TEXT_PARTS = {"name": 200, "description": 1_000, "consent": 500}
ANOTHER = "another"  # stands for the language of the fields in which staff add one


class ListForm(forms.ModelForm):
    """A list with its texts as fields: `text_<language>_<part>`, made for each language by `form_for`."""

    languages: ClassVar[list[str]] = []

    class Meta:
        help_texts: ClassVar = {
            "opt_in": _(
                "“At once” proves no mailbox: anybody can type any address. Who ever stood on the list, or left "
                "everything, is asked by mail all the same."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        texts = self.instance.texts
        for code in self.languages:
            for part in TEXT_PARTS:
                self.initial.setdefault(f"text_{code}_{part}", texts.get(code, {}).get(part, ""))

    def clean_name(self) -> str:
        return words.clean_line(self.cleaned_data["name"], limit=200, missing=_("Please enter a name."))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        texts = {code: self._text_in(code) for code in self.languages}
        if added := self._text_in(ANOTHER):
            code = data.get("another_language", "")
            if not code:
                self.add_error("another_language", _("Which language are these words in?"))
            elif texts.get(code):
                self.add_error("another_language", _("There are words in this language already, above."))
            else:
                texts[code] = added
        self.instance.texts = {code: text for code, text in texts.items() if text}
        return data

    def _text_in(self, code: str) -> dict[str, str]:
        """What was typed in one language. A public name is one line; without one, no other words have a place."""
        text = {}
        for part in TEXT_PARTS:
            if typed := str(self.cleaned_data.get(f"text_{code}_{part}", "")).strip():
                text[part] = typed
        name = f"text_{code}_name"
        if text and "name" not in text and name not in self.errors:
            self.add_error(name, _("Please enter the public name as well."))
        elif "name" in text:
            try:
                text["name"] = words.clean_line(text["name"], limit=TEXT_PARTS["name"], missing="")
            except ValidationError as error:
                self.add_error(name, error)
        return text


def form_for(mailing_list: MailingList | None) -> type[ListForm]:
    """The form with a field for each text: in the languages of the pages, those the list has, and one to add."""
    codes = languages_of(mailing_list)
    choices = [("", "–"), *((code, name) for code, name in naming.languages() if code not in codes)]
    fields: dict[str, Any] = {
        "another_language": forms.ChoiceField(label=_("Language"), choices=choices, required=False)
    }
    for code in [*codes, ANOTHER]:
        fields |= {f"text_{code}_{part}": _text_field(code, part) for part in TEXT_PARTS}
    return type("FormOfList", (ListForm,), {**fields, "languages": codes})


def languages_of(mailing_list: MailingList | None) -> list[str]:
    """The languages in which the list's texts are asked for, those of the pages first."""
    return list(
        dict.fromkeys([*dict(settings.LANGUAGES), *sorted(mailing_list.texts if mailing_list else {})])
    )


def _text_field(code: str, part: str) -> forms.CharField:
    label = {
        "name": _("Public name"),
        "description": _("Public description"),
        "consent": _("Beside the tick"),
    }
    hints = {
        "consent": _("What people agree to. Empty: “Send me … by e-mail. I can leave at any time, …”"),
        "name": _("Stands on the sign-up page, in our mails and in people's preferences."),
    }
    attributes = {"class": "vLargeTextField", "rows": 3}
    if code != ANOTHER:
        attributes |= {
            "lang": code,
            "dir": naming.direction(code),
        }
    single = part == "name"
    if single:
        attributes = {**attributes, "class": "vTextField"}
        del attributes["rows"]
    return forms.CharField(
        label=label[part],
        help_text=hints.get(part, ""),
        max_length=TEXT_PARTS[part],
        required=False,
        widget=forms.TextInput(attributes) if single else forms.Textarea(attributes),
    )


@admin.register(MailingList)
class MailingListAdmin(StaffAdmin):
    purpose = _("What people subscribe to, and how many did.")
    add_words = _("Add a mailing list")
    empty_words = _(
        "There is no list yet. People subscribe to a list, and every mailing is sent in the name of one."
    )
    list_display = ["name", "confirmed", "pending", "unsubscribed", "opt_in", "is_public", "organisation"]
    list_filter = ["is_public", "opt_in"]
    list_select_related = ["organisation"]
    ordering = ["name"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["organisation"]
    exclude = ["texts"]
    readonly_fields = ["who_is_on_it"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The lists of the page with `people`: how many by status, all in one query that an index answers."""
        found = super().get_changelist_instance(request)
        counted = counts_of([row.pk for row in found.result_list])
        for row in found.result_list:
            row.people = counted.get(row.pk, {})
            row.may_open = may(request.user, "contacts.view_contact")
        return found

    @admin.display(description=_("confirmed"))
    def confirmed(self, row: Any) -> str:
        return _people_link(row, Subscription.Status.CONFIRMED)

    @admin.display(description=_("pending"))
    def pending(self, row: Any) -> str:
        return _people_link(row, Subscription.Status.PENDING)

    @admin.display(description=_("unsubscribed"))
    def unsubscribed(self, row: Any) -> str:
        return _people_link(row, Subscription.Status.UNSUBSCRIBED)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": form_for(obj), **kwargs})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = set(self.get_exclude(request, obj) or [])
        first = [
            "name",
            "slug",
            "opt_in",
            "is_public",
            "is_seed",
            "organisation",
            *(["who_is_on_it"] if obj else []),
        ]
        sets: list[Any] = [(None, {"fields": [name for name in first if name not in hidden]})]
        if not self.has_change_permission(request, obj) and obj is not None:
            # Who may only look is shown the fields of the model: the others are no fields of it.
            return sets
        for code in languages_of(obj):
            is_open = code in (obj.texts if obj else {"en": {}})
            sets.append((naming.language_name(code).capitalize(), _fields_in(code, is_open=is_open)))
        another = _fields_in(ANOTHER, is_open=False)
        sets.append((_("Another language"), {**another, "fields": ["another_language", *another["fields"]]}))
        return sets

    @admin.display(description=_("who is on it"))
    def who_is_on_it(self, mailing_list: MailingList) -> str:
        """How many people by status; an index holds the answer, a million rows take a tenth of a second."""
        counted = counts_of([mailing_list.pk]).get(mailing_list.pk, {})
        return " · ".join(
            f"{label}: {number_format(counted.get(value, 0), force_grouping=True)}"
            for value, label in Subscription.Status.choices
        )


def counts_of(lists: Collection[int]) -> dict[int, dict[str, int]]:
    """How many people stand on each of the lists, by status."""
    rows = Subscription.objects.filter(mailing_list__in=lists).values_list("mailing_list", "status")
    found: dict[int, dict[str, int]] = {}
    for mailing_list, status, number in rows.annotate(found=models.Count("pk")).order_by():
        found.setdefault(mailing_list, {})[status] = number
    return found


def _people_link(row: Any, status: str) -> str:
    """A number of people, leading to them for whom may see them."""
    shown = number_format(row.people.get(status, 0), force_grouping=True)
    if not row.may_open:
        return shown
    query = urlencode({"list": row.pk, "standing": status})
    return format_html('<a href="{}?{}">{}</a>', reverse("admin:contacts_contact_changelist"), query, shown)


def _fields_in(code: str, *, is_open: bool) -> dict[str, Any]:
    fields = [f"text_{code}_{part}" for part in TEXT_PARTS]
    return {"fields": fields} if is_open else {"fields": fields, "classes": ["collapse"]}


@admin.register(Consent)
class ConsentAdmin(ReadOnly, StaffAdmin):
    purpose = _("What people agreed to or took back, with the words they saw. Nothing here is ever changed.")
    empty_words = _("No consent yet. They come with sign-ups, letters and imports.")
    newest_first = True
    list_display = ["given", "purpose", "granted", "mailing_list", "source"]
    list_filter = ["purpose", "granted"]
    list_select_related = ["mailing_list"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: what did this person agree to?")
    fields = ["given", "purpose", "granted", "text", "page", "source", "proof", "mailing_list", "contact"]
    readonly_fields = ["given"]

    @admin.display(description=_("given at"), ordering="given_at")
    def given(self, consent: Consent) -> str:
        if consent.given_at is None:
            return gettext("day not known")
        given = localtime(consent.given_at)
        return localize(given.date() if is_day(given) else given)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False


@figures.add
def new_subscribers(user: User, days: int) -> list[Series]:
    """People a day who came onto a list and are on it still."""
    if not may(user, "contacts.view_subscription"):
        return []
    confirmed = Subscription.objects.filter(status=Subscription.Status.CONFIRMED)
    counts = counts_of_days(visible(user, confirmed), "changed_at", scope_of(user), days)
    return [over(days, ngettext("new subscriber", "new subscribers", sum(counts.values())), counts)]
