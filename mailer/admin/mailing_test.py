"""A test of a mailing is sent to staff and to seed lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.desk import who
from accounts.models import User
from accounts.permissions import may, visible
from contacts.lookup import by_address
from contacts.models import Contact
from contacts.naming import language_name
from mailer.admin import pages
from mailer.deeds import Did
from mailer.mailings import testing
from mailer.models import Mailing
from mailer.writing import languages

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin

_MOST_STAFF = 100


class _Named(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return (
            f"{obj.get_full_name() or obj.get_username()} ({obj.email})"
            if isinstance(obj, User)
            else str(obj)
        )


class SendTestForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"))
    staff = _Named(User.objects.none(), label=_("To"), required=False, widget=forms.CheckboxSelectMultiple)
    lists = _Named(
        None, label=_("And to the lists for tests"), required=False, widget=forms.CheckboxSelectMultiple
    )
    show_as = forms.CharField(
        label=_("As"),
        required=False,
        max_length=254,
        help_text=_("A contact's address: the mail has their values and the blocks they see."),
    )

    def __init__(self, *args: Any, mailing: Mailing, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        fields: dict[str, Any] = dict(self.fields)
        fields["language"].choices = [(code, language_name(code)) for code in languages.written(mailing)]
        staff = testing.staff_to_choose(user)
        fields["staff"].queryset = staff if staff.count() <= _MOST_STAFF else staff.filter(pk=user.pk)
        fields["lists"].queryset = testing.seed_lists(user)
        if not fields["lists"].queryset.exists():
            del self.fields["lists"]
        if not may(user, "contacts.view_contact"):
            del self.fields["show_as"]

    def clean_show_as(self) -> Contact | None:
        typed = self.cleaned_data["show_as"].strip()
        if not typed:
            return None
        found = by_address(visible(self.user, Contact.objects.all()), typed).first()
        if found is None:
            raise ValidationError(_("No contact has this address."))
        return found


@pages.register("test")
def test(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    user = who(request)
    if not (may(user, "mailer.change_mailing", mailing) or may(user, "mailer.send_mailing", mailing)):
        raise PermissionDenied("mailer.change_mailing is needed")
    initial = {"language": request.GET.get("language") or mailing.language, "staff": [user.pk]}
    posted = request.POST if request.method == "POST" else None
    form = SendTestForm(posted, mailing=mailing, user=user, initial=initial)
    if posted is not None and form.is_valid() and _sent(desk, request, mailing, form):
        return HttpResponseRedirect(f"{pages.url(mailing, 'test')}?language={form.cleaned_data['language']}")
    context = {
        **desk.page_context(request, mailing, "write", _("Send a test")),
        "form": form,
        "tests": testing.last_tests(mailing),
    }
    return TemplateResponse(request, "staff/mailings/test.html", context)


def _sent(desk: MailingAdmin, request: HttpRequest, mailing: Mailing, form: SendTestForm) -> bool:
    data = form.cleaned_data
    try:
        count = testing.send(
            mailing,
            mailing.texts.get(language=data["language"]),
            by=who(request),
            staff=list(data["staff"]),
            lists=list(data.get("lists", [])),
            person=data.get("show_as"),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    said = ngettext("%(count)d test mail is on its way.", "%(count)d test mails are on their way.", count)
    desk.message_user(request, said % {"count": count}, messages.SUCCESS)
    desk.note(request, mailing, Did.TESTED)
    return True
