"""What staff fill in about a member of a campaign."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator, validate_slug
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from advocacy import colours
from advocacy.admin import languages
from advocacy.models import MembershipText
from contacts.models import MailingList
from mailer import pictures


class MemberForm(forms.ModelForm):
    """The page of a member: its look, its language, its list."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("the reader's")), *languages.of_pages()],
        help_text=_("In which its short links open."),
    )
    new_logo = forms.FileField(
        label=_("New logo"),
        required=False,
        help_text=_("PNG, JPEG or GIF. It goes into the library of pictures."),
    )

    def clean_accent(self) -> str:
        accent: str = self.cleaned_data["accent"]
        if accent:
            colours.require_readable(accent)
        return accent

    def clean_mailing_list(self) -> MailingList | None:
        """A member offers its own list and no other: who signs up there is told whose it is."""
        chosen: MailingList | None = self.cleaned_data.get("mailing_list")
        if chosen is not None and chosen.organisation_id != self.instance.organisation_id:
            raise ValidationError(
                _("This list belongs to another organisation than the member."), code="theirs"
            )
        return chosen

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        file = found.get("new_logo")
        if file:
            try:
                pictures.draw(file)  # refused here rather than when it is kept
            except ValidationError as error:
                self.add_error("new_logo", " ".join(error.messages))
            file.seek(0)
        return found


class WordsForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=languages.of_pages)

    class Meta:
        model = MembershipText
        fields = ["language", "intro"]
        widgets = {"intro": forms.Textarea({"rows": 5, "class": "vLargeTextField", "dir": "auto"})}


class JoiningForm(forms.Form):
    """Which organisation joins: one there is, or, for who may add one, a new one."""

    name = forms.CharField(
        label=_("Name of the organisation"), max_length=200, validators=[ProhibitNullCharactersValidator()]
    )
    slug = forms.CharField(
        label=_("Short name in addresses"), max_length=50, required=False, validators=[validate_slug]
    )

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not name.isprintable():
            raise ValidationError(_("The name holds signs that cannot be seen."), code="invisible")
        return name

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug and Organisation.objects.filter(slug__iexact=slug).exists():
            raise ValidationError(_("This short name is taken."), code="taken")
        return slug


class ListForm(forms.Form):
    """For a member's own staff: which of their lists their box offers."""

    mailing_list = forms.ModelChoiceField(
        label=_("Mailing list"),
        required=False,
        queryset=MailingList.objects.none(),
        empty_label=_("none: no box is shown"),
    )
