"""Who is asked to work here: invite in plain words, call back, send again."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import invitations, people
from accounts.desk import Place, StaffAdmin, navigation, who
from accounts.languages import language_of
from accounts.models import Invitation, Organisation, User
from accounts.role_words import in_words

navigation.add(
    Place(94, _("Invitations"), "admin:accounts_invitation_changelist", "accounts.view_invitation")
)

ADD = "accounts.add_invitation"


class InvitationForm(forms.Form):
    """Whom, as what, for which organisation; no more is offered than the inviter may give."""

    address = forms.EmailField(label=_("Mail address"), max_length=150)
    roles: Any = forms.ModelMultipleChoiceField(
        label=_("Roles"),
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "You can give the roles whose rights you have yourself. Tick none for somebody who shall work with some mailing "
            "lists only: bind them first, under List rights, and then give them roles."
        ),
    )
    organisation: Any = forms.ModelChoiceField(
        label=_("Works for"),
        queryset=None,
        required=False,
        empty_label=_("the house as a whole: sees every organisation"),
    )
    language = forms.ChoiceField(label=_("Language of the mail"))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = people.roles_to_give(by)
        fields: Any = self.fields
        fields["roles"].queryset = Group.objects.filter(pk__in=[role.pk for role in roles]).order_by("name")
        fields["roles"].label_from_instance = lambda role: in_words(role.name)
        fields["organisation"].queryset = Organisation.objects.all()
        fields["language"].choices = settings.LANGUAGES
        fields["language"].initial = language_of(by)
        if by.organisation_id is not None:
            del fields["organisation"]


@admin.register(Invitation)
class InvitationAdmin(StaffAdmin):
    purpose = _("Who was asked to work here, and what became of it.")
    add_words = _("Invite somebody")
    empty_words = _("Nobody was invited yet. People come to work here by an invitation.")
    newest_first = True
    list_display = ["address", "as_what", "organisation", "invited_by", "created_at", "state"]
    list_select_related = ["organisation", "invited_by"]
    fields: ClassVar[Any] = [
        "address",
        "as_what",
        "organisation",
        "language",
        "invited_by",
        "created_at",
        "expires_at",
        "state",
    ]
    readonly_fields = fields
    change_form_template = "staff/people/invitation.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/again/", view(self.again_view), name="accounts_invitation_again"),
            path("<int:pk>/call-back/", view(self.call_back_view), name="accounts_invitation_call_back"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("roles")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return isinstance(request.user, User) and people.may_bring_people(request.user)

    @admin.display(description=_("roles"))
    def as_what(self, invitation: Invitation) -> str:
        return ", ".join(sorted(role.name for role in invitation.roles.all())) or "–"

    @admin.display(description=_("state"))
    def state(self, invitation: Invitation) -> str:
        if invitation.accepted_at:
            return gettext("accepted")
        if invitation.called_back_at:
            return gettext("called back")
        return gettext("open") if timezone.now() < invitation.expires_at else gettext("ran out")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        by = who(request)
        form = InvitationForm(request.POST if request.method == "POST" else None, by=by)
        if request.method == "POST" and form.is_valid() and self._invite(request, by, form):
            return HttpResponseRedirect(reverse("admin:accounts_invitation_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invite somebody"),
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "staff/people/invite.html", context)

    def _invite(self, request: HttpRequest, by: User, form: InvitationForm) -> bool:
        found = form.cleaned_data
        organisation = by.organisation if by.organisation_id is not None else found["organisation"]
        try:
            invitations.invite(by, found["address"], found["roles"], organisation, found["language"])
        except invitations.CannotInviteError:
            form.add_error("address", _("Somebody with this address works here already."))
            return False
        messages.success(request, gettext("The invitation is on its way. Its link is good for a week."))
        return True

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mail another link; the first leads nowhere from then on."""
        invitation = self._posted(request, pk)
        try:
            done = invitations.send_again(invitation, who(request))
        except invitations.CannotInviteError as error:
            raise PermissionDenied from error
        if done:
            messages.success(request, gettext("The invitation is on its way. Its link is good for a week."))
        return self._back()

    def call_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let the link lead nowhere."""
        if invitations.call_back(self._posted(request, pk), who(request)):
            messages.success(request, gettext("The invitation is called back."))
        return self._back()

    def _posted(self, request: HttpRequest, pk: int) -> Invitation:
        invitation: Invitation = self.row_or_404(request, pk, ADD)
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        return invitation

    def _back(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:accounts_invitation_changelist"))
