"""The people of the address book, as staff see them: the list, one person's page, changing them, one of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, sealed_words
from accounts.desk import Place, StaffAdmin, navigation, own_organisation, who
from accounts.models import User
from accounts.permissions import bound_to, may, require, visible
from contacts import fields, people, searching, subscriptions, timeline
from contacts.admin import exports
from contacts.admin.contact_forms import ContactForm, OtherForm, PutOnForm, SearchForm, TakeOffForm
from contacts.deeds import Did
from contacts.models import Attribute, Contact, MailingList, Subscription, Suppression
from contacts.people import AddressTakenError, ChangedMeanwhileError, ErasedError, Origin
from contacts.searching import Page, Search, Total
from contacts.subscriptions import NeedsThePersonError

navigation.add(
    Place(60, gettext_lazy("Contacts"), "admin:contacts_contact_changelist", "contacts.view_contact")
)
navigation.add(
    Place(64, gettext_lazy("Attributes"), "admin:contacts_attribute_changelist", "contacts.view_attribute")
)


@dataclass(frozen=True, slots=True)
class ContactList:
    """A page of people with all that its template shows."""

    result_list: Sequence[Contact]
    form: SearchForm
    search: Search
    page: Page
    total: Total
    query: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A field of a person's page: what it is called, what it holds, and where that came from."""

    label: str
    value: str
    origin: Origin | None


@admin.register(Contact)
class ContactAdmin(StaffAdmin):
    search_fields = ["name"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("export/", wrap(self.export_view), name="contacts_contact_export"),
            path("<int:pk>/edit/", wrap(self.edit_view), name="contacts_contact_edit"),
            path("<int:pk>/merge/", wrap(self.merge_view), name="contacts_contact_merge"),
            path(
                "<int:pk>/list/<int:mailing_list>/leave/",
                wrap(self.take_off_view),
                name="contacts_contact_take_off",
            ),
            path("<int:pk>/list/", wrap(self.put_on_view), name="contacts_contact_put_on"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a person goes by erasure, which is said everywhere and kept in a log

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return searching.by_words_for_a_page(queryset, search_term), False

    # --- the list
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The people who match the search, a page at a time."""
        require_any(request, "contacts.view_contact", "contacts.change_contact")
        if request.method == "POST":
            return sealed_words.answer(request)
        asked = sealed_words.query(request)
        sealed_words.tell_if_ended(request, asked)
        form = SearchForm(asked, who(request))
        search = form.search()
        rows = search.among(self.get_queryset(request))
        page = searching.page(rows, search.sort, request.GET.get("at", ""))
        first = page if not request.GET.get("at") else None
        found = ContactList(
            with_standing(page.rows, who(request)),
            form,
            search,
            page,
            searching.total(rows, first=first),
            form.kept(),
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Contacts"),
            "opts": self.opts,
            "cl": found,
            "chips": list(form.chips()),
            "may_add": self.has_add_permission(request),
            "is_bound": bound_to(who(request)) is not None,
            "may_export": may(request.user, "contacts.export_contact"),
        }
        return TemplateResponse(request, "staff/contacts/list.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Those of the list as a file."""
        return exports.export_view(request, self)

    # --- one person
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Everything we know of a person, and what happened between us, newest first. POST has no meaning here."""
        require_any(request, "contacts.view_contact", "contacts.change_contact")
        contact = self._contact(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": str(contact),
            "opts": self.opts,
            "contact": contact,
            "facts": facts_of(contact),
            "subscriptions": subscriptions_of(contact, who(request)),
            "suppressions": suppressions_of(contact),
            "earlier": people.addresses_of(contact)[1:],
            "entries": timeline.entries(contact, who(request)),
            "newest": timeline.NEWEST,
            "may_change": self.has_change_permission(request, contact),
            "may_suppress": may(request.user, "contacts.add_suppression"),
            "may_see_suppressions": may(request.user, "contacts.view_suppression"),
            "may_erase": may(request.user, "contacts.erase_contact", contact),
            "erase_url": timeline.page_of("admin:contacts_contact_erase", contact.pk),
        }
        return TemplateResponse(request, "staff/contacts/contact.html", context)

    def _contact(self, request: HttpRequest, key: Any) -> Contact:
        number = str(key)
        pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
        rows = self.get_queryset(request).select_related("from_import", "organisation")
        return get_object_or_404(rows, pk=pk)

    # --- adding and changing
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(request.user, "contacts.add_contact")
        form = ContactForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            read = form.cleaned_data
            try:
                contact = people.create(
                    read["address"],
                    form.values(),
                    by=who(request),
                    organisation=own_organisation(request),
                    why=read["why"],
                )
            except AddressTakenError as error:
                self._say_taken(request, form, error)
            except ErasedError as error:
                form.add_error("address", error)
            else:
                self.note(request, contact, audit.Did.ADDED, audit.Act.ADDED)
                self._say_suppressed(request, contact)
                return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[contact.pk]))
        return self._form(request, form, _("Add a contact"))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change a person. What was changed, by whom and why, stands on their page afterwards."""
        contact = self.row_or_404(request, pk, "contacts.change_contact")
        form = ContactForm(request.POST or None, contact=contact)
        if request.method == "POST" and form.is_valid():
            read = form.cleaned_data
            try:
                change = people.edit(
                    contact,
                    form.values(),
                    by=who(request),
                    why=read["why"],
                    address=read["address"],
                    version=read["version"],
                )
            except AddressTakenError as error:
                self._say_taken(request, form, error)
            except ErasedError as error:
                form.add_error("address", error)
            except ChangedMeanwhileError:
                form.add_error(
                    None,
                    _(
                        "Somebody changed this person while you did. Open the page again to see how they stand."
                    ),
                )
            else:
                contact.refresh_from_db()
                if change is not None:
                    self.note(request, contact, Did.CHANGED_FIELDS, fields=list(change.changes))
                    if "address" in change.changes:
                        self._say_suppressed(request, contact)
                return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[contact.pk]))
        return self._form(request, form, _("Change %(name)s") % {"name": contact}, contact)

    def _form(
        self,
        request: HttpRequest,
        form: forms.Form,
        title: str,
        contact: Contact | None = None,
        *,
        lead: str = "",
        button: str = "",
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "contact": contact,
            "lead": lead,
            "button": button or _("Save"),
        }
        return TemplateResponse(request, "staff/contacts/edit.html", context)

    def _say_taken(self, request: HttpRequest, form: ContactForm, error: AddressTakenError) -> None:
        """Who else has the address: said, and linked, only where the reader may see them."""
        form.add_error("address", _("Somebody else in the address book has this address."))
        if self.get_queryset(request).filter(pk=error.contact.pk).exists():
            form.taken_by = error.contact  # type: ignore[attr-defined]

    def _say_suppressed(self, request: HttpRequest, contact: Contact) -> None:
        for row in suppressions_of(contact):
            self.message_user(
                request,
                _("This address is suppressed: %(reason)s. It gets none of: %(scope)s.")
                % {"reason": row.get_reason_display(), "scope": row.get_scope_display()},
                messages.WARNING,
            )

    # --- their lists
    def take_off_view(self, request: HttpRequest, pk: int, mailing_list: int) -> HttpResponse:
        """Take a person off one list, with the reason. A repeat changes nothing."""
        contact = self.row_or_404(request, pk, "contacts.change_contact")
        rows = visible(request.user, MailingList.objects.filter(subscriptions__contact=contact))
        chosen = get_object_or_404(rows, pk=mailing_list)
        form = TakeOffForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            proof = {"staff": who(request).pk, "note": form.cleaned_data["why"]}
            if subscriptions.unsubscribe(contact, chosen, source=subscriptions.DESK, proof=proof):
                self.note(request, contact, Did.TAKEN_OFF, list=str(chosen))
                said = _("%(name)s is off the list “%(list)s”.") % {"name": contact, "list": chosen}
                self.message_user(request, said, messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[pk]))
        title = _("Take %(name)s off “%(list)s”") % {"name": contact, "list": chosen}
        lead = _("Only their own confirmed sign-up brings them back to the list.")
        return self._form(request, form, title, contact, lead=lead, button=_("Take off this list"))

    def put_on_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put a person on a list, with what shows that they want it. A repeat changes nothing."""
        contact = self.row_or_404(request, pk, "contacts.change_contact")
        form = PutOnForm(request.POST or None, reader=who(request))
        if request.method == "POST" and form.is_valid():
            read = dict(form.cleaned_data)
            chosen = read.pop("mailing_list")
            try:
                is_new = subscriptions.put_on(contact, chosen, by=who(request), **read)
            except NeedsThePersonError:
                form.add_error(
                    None,
                    _(
                        "They are suppressed, or have left this list. Only their own confirmed sign-up brings them "
                        "back: send them the address of the list's sign-up form."
                    ),
                )
            else:
                if is_new:
                    self.note(request, contact, Did.PUT_ON, list=str(chosen))
                said = _("%(name)s is on the list “%(list)s”.") % {"name": contact, "list": chosen}
                self.message_user(request, said, messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[pk]))
        title = _("Put %(name)s on a list") % {"name": contact}
        return self._form(request, form, title, contact, button=_("Put on this list"))

    # --- one of two
    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Find the other one, look at what each field would become, and make one person of the two.

        GET shows; POST with `keep` does it. Safe to repeat: a second click finds one of them gone and says so.
        """
        contact = self.row_or_404(request, pk, "contacts.change_contact")
        asked = request.POST if request.method == "POST" else request.GET
        other_form = OtherForm(asked if "other" in asked else None, contact=contact, reader=who(request))
        other = other_form.cleaned_data["other"] if other_form.is_bound and other_form.is_valid() else None
        if (
            request.method == "POST"
            and other is not None
            and request.POST.get("keep") in {str(pk), str(other.pk)}
        ):
            return self._merged(request, contact, other)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Make one of two"),
            "opts": self.opts,
            "contact": contact,
            "other_form": other_form,
            "other": other,
        }
        if other is not None:
            swapped = request.GET.get("keep") == str(other.pk)
            keep, lose = (other, contact) if swapped else (contact, other)
            context |= {
                "keep": keep,
                "lose": lose,
                "choices": choices_of(keep, lose),
                "lists": lists_of(keep, lose, who(request)),
                "refused": suppressions_of(lose),
            }
        return TemplateResponse(request, "staff/contacts/merge.html", context)

    def _merged(self, request: HttpRequest, contact: Contact, other: Contact) -> HttpResponse:
        keep, lose = (contact, other) if request.POST["keep"] == str(contact.pk) else (other, contact)
        gone = lose.pk
        takes = {
            name.removeprefix("take_"): value
            for name, value in request.POST.items()
            if name.startswith("take_") and value in {"keep", "lose"}
        }
        done = people.merge(keep, lose, takes, by=who(request), why=request.POST.get("why", ""))
        if done is None:
            self.message_user(
                request, _("One of the two was gone already. Nothing was changed."), messages.WARNING
            )
        else:
            self.note(request, keep, Did.MERGED, gone=gone)
            self.message_user(request, _("The two are one person now."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[keep.pk]))


def require_any(request: HttpRequest, *permissions: str) -> None:
    """Raise PermissionDenied unless the person holds one of the permissions."""
    if not any(may(request.user, one) for one in permissions):
        require(request.user, permissions[0])


def with_standing(rows: Sequence[Contact], reader: User) -> Sequence[Contact]:
    """The rows with their subscriptions, as far as `reader` may see the lists, and `suppressed` set; two queries."""
    models.prefetch_related_objects(
        list(rows),
        models.Prefetch(
            "subscriptions",
            visible(reader, Subscription.objects.select_related("mailing_list")).order_by(
                "mailing_list__name"
            ),
        ),
    )
    hashes = [bytes(row.address_hash) for row in rows]
    blocked: dict[bytes, Suppression] = {}
    for row in Suppression.objects.filter(_stands(), address_hash__in=hashes).order_by("pk"):
        blocked.setdefault(bytes(row.address_hash), row)
    for contact in rows:
        contact.suppressed = blocked.get(bytes(contact.address_hash))  # type: ignore[attr-defined]
    return rows


def _stands() -> models.Q:
    return models.Q(ends_at=None) | models.Q(ends_at__gt=Now())


def suppressions_of(contact: Contact) -> list[Suppression]:
    """What forbids us to write to the person now."""
    return list(Suppression.objects.filter(_stands(), address_hash=contact.address_hash).order_by("pk"))


def subscriptions_of(contact: Contact, reader: User) -> list[Subscription]:
    """The person's lists, as far as `reader` may see them."""
    rows = visible(reader, contact.subscriptions.select_related("mailing_list"))
    return list(rows.order_by("mailing_list__name"))


def facts_of(contact: Contact) -> list[Fact]:
    """Every field in the order of the form, and where each value came from."""
    origins, names = people.origins(contact), fields.attribute_names()
    values = people.values_of(contact)
    known = [f"{fields.ATTRIBUTE}{key}" for key in names]
    order = [
        *people.FIELDS,
        *known,
        *(name for name in values if name.startswith(fields.ATTRIBUTE) and name not in known),
    ]
    return [
        Fact(fields.field_label(name, names), _readable(name, values.get(name)), origins.get(name))
        for name in ["address", *order]
    ]


def _readable(name: str, value: Any) -> str:
    match name:
        case "country" if value:
            return fields.country_name(value)
        case "language" if value:
            return fields.language_name(value)
    return fields.shown(value)


def choices_of(keep: Contact, lose: Contact) -> list[dict[str, str]]:
    """The fields in which two people differ, as the merge page shows them."""
    names = fields.attribute_names()
    return [
        {
            "field": choice.field,
            "label": fields.field_label(choice.field, names),
            "keep": _readable(choice.field, choice.keep),
            "lose": _readable(choice.field, choice.lose),
            "takes": choice.takes,
        }
        for choice in people.choices(keep, lose)
    ]


def lists_of(keep: Contact, lose: Contact, reader: User) -> list[dict[str, Any]]:
    """Per list where each of the two stands and what it becomes."""
    found: dict[int, dict[str, Any]] = {}
    for side, contact in (("keep", keep), ("lose", lose)):
        for row in subscriptions_of(contact, reader):
            found.setdefault(row.mailing_list_id, {"name": row.mailing_list.name})[side] = row
    for entry in found.values():
        rows = [entry[side] for side in ("keep", "lose") if side in entry]
        entry["becomes"] = max(rows, key=lambda row: people.WEIGHTS[row.status])
    return list(found.values())


@admin.register(Attribute)
class AttributeAdmin(StaffAdmin):
    """A field of one's own. Its key and kind stay: values of people stand under the one and are of the other."""

    purpose = gettext_lazy("What you keep of people beside name, country and language, such as a town.")
    add_words = gettext_lazy("Add an attribute")
    empty_words = gettext_lazy(
        "No attribute yet. Add one to keep more of people than name, country and language."
    )
    list_display = ["name", "key", "kind", "created_at"]
    search_fields = ["name", "key"]
    fields = ["name", "key", "kind"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["key", "kind"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
