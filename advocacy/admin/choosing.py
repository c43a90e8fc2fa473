"""Choosing a picture of the library in a form at the desk, or bringing one right there.

With a script it is the library's own dialogue; without one a list of the newest pictures and a field for a file. A file
is put into the library as soon as the form is read, so that it is not lost where another field is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from accounts.desk import own_organisation, who
from accounts.models import User
from accounts.permissions import may, visible
from mailer import pictures
from mailer.models import Picture

_NEWEST = 60


class Library:
    """The pictures a member of staff may use; asked for once, however many fields choose from them.

    `used` are those that stand on the page already: they stay choosable, also where somebody else's library holds them,
    or saving the form would take them off.
    """

    def __init__(self, user: User, used: Iterable[int | None] = ()) -> None:
        theirs = visible(user, Picture.objects.all()).order_by().values("pk")
        here = [key for key in used if key is not None]
        self.rows: QuerySet[Picture] = Picture.objects.filter(Q(pk__in=theirs) | Q(pk__in=here))
        self.may_add = may(user, "mailer.add_picture")

    @cached_property
    def newest(self) -> list[Picture]:
        return list(self.rows.order_by("-pk")[:_NEWEST])

    def picture(self, key: Any) -> Picture | None:
        """The picture with a key, asked for only if it is not among the newest."""
        if not str(key).isdecimal() or len(str(key)) > 18:
            return None
        known = next((one for one in self.newest if one.pk == int(key)), None)
        return known or self.rows.filter(pk=int(key)).first()


class _Newest(forms.models.ModelChoiceIterator):
    field: PictureField

    def __iter__(self) -> Iterator[Any]:
        yield ("", self.field.empty_label)
        for picture in self.field.library.newest:
            yield self.choice(picture)


class PictureInput(forms.Select):
    """What is chosen, as a picture; the list, and the field for a file."""

    library: Library

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = self.library.picture(value) if value else None
        if chosen is not None and chosen not in self.library.newest:
            self.choices = [*self.choices, (chosen.pk, str(chosen))]
        context = {
            "name": name,
            "id": (attrs or {}).get("id", name),
            "chosen": chosen,
            "src": pictures.url(chosen) if chosen else "",
            "select": super().render(name, value, attrs, renderer),
            "may_add": self.library.may_add,
        }
        return mark_safe(render_to_string("staff/campaigns/_picture.html", context))  # noqa: S308 (a template's)


class PictureField(forms.ModelChoiceField):
    """A picture of the library, or none."""

    iterator = _Newest

    def __init__(self, library: Library, **kwargs: Any) -> None:
        self.library = library
        super().__init__(library.rows, required=False, widget=PictureInput, **kwargs)
        self.widget.library = library

    def __deepcopy__(self, memo: Any) -> PictureField:
        copied = super().__deepcopy__(memo)
        copied.library = copied.widget.library = self.library
        return copied


def with_brought(request: HttpRequest) -> tuple[QueryDict, dict[str, ValidationError]]:
    """What was posted, with each picture brought along put into the library and chosen; and by field what was wrong.

    A file of the field `logo` is posted as `logo-brought`, what it shows as `logo-alt`.
    """
    data, wrong = request.POST.copy(), {}
    for posted, file in request.FILES.items():
        name = posted.removesuffix("-brought")
        if name == posted or not may(request.user, "mailer.add_picture") or isinstance(file, list):
            continue
        try:
            picture, _is_new = pictures.keep(
                file,
                name=file.name or "",
                alt=data.get(f"{name}-alt", ""),
                user=who(request),
                organisation_id=own_organisation(request),
            )
        except ValidationError as error:
            wrong[name] = ValidationError(error.messages)
        else:
            data[name] = str(picture.pk)
    return data, wrong
