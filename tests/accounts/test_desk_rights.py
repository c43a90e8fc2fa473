"""Every page of the desk, asked by every role, for a row of one's own and for another organisation's."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Organisation, User
from accounts.permissions import _paths_of
from accounts.roles import ROLES
from contacts.models import MailingList, Subscription
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_every_row, make_organisation, make_staff

pytestmark = pytest.mark.django_db

WHO = ["anonymous", "no rights", *ROLES, "superuser"]
LISTED = {"changelist": "view change", "add": "add"}
OF_A_ROW = {"change": "view change", "history": "view change", "delete": "delete"}


@pytest.fixture(autouse=True)
def without_the_story_of_each_refusal(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand refusals are meant here; to write down where each was raised takes longer than the page."""
    caplog.set_level(logging.ERROR, logger="django.request")


def desk_url_names() -> set[str]:
    """The name of every address of the desk."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif pattern.name:
                yield pattern.name

    return set(walk(_desk().url_patterns))


def pages_of_a_row() -> dict[str, type[models.Model]]:
    """The addresses of our own that name one row by its number, with the kind of the row."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif pattern.name and set(pattern.pattern.converters) == {"pk"}:
                yield pattern.name

    kinds = {f"{model._meta.app_label}_{model._meta.model_name}_": model for model in admin.site._registry}
    named = {"mailer_signup_form": MailingList}  # filed under what comes of it
    found = {}
    for name in walk([*_desk().url_patterns]):
        start = max((start for start in kinds if name.startswith(start)), key=len)
        found[name] = named.get(name, kinds[start])
    return found


def _desk() -> URLResolver:
    return next(
        resolver
        for resolver in get_resolver().url_patterns
        if isinstance(resolver, URLResolver) and resolver.namespace == "admin"
    )


def client_of(who: str, organisation: Organisation | None = None) -> tuple[Client, User | None]:
    client = Client(raise_request_exception=True)
    if who == "anonymous":
        return client, None
    user = make_staff(who, organisation=organisation)
    client.force_login(user)
    return client, user


def holds(user: User | None, model: type[models.Model], actions: str) -> bool:
    codes = [f"{model._meta.app_label}.{action}_{model._meta.model_name}" for action in actions.split()]
    return user is not None and any(user.has_perm(code) for code in codes)


@pytest.mark.parametrize("who", WHO)
def test_each_role_opens_exactly_the_lists_and_rows_its_rights_name(who):
    rows = make_every_row(None)
    client, user = client_of(who)
    for model, model_admin in admin.site._registry.items():
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        asked = {reverse(f"{base}_{page}"): actions for page, actions in LISTED.items()}
        asked |= {
            reverse(f"{base}_{page}", args=[rows[model].pk]): actions for page, actions in OF_A_ROW.items()
        }
        for url, actions in asked.items():
            answer = client.get(url)
            if user is None:
                assert answer.status_code == 302, url
                assert answer["Location"].startswith(reverse("admin:login")), url
            elif not holds(user, model, actions):
                assert answer.status_code == 403, (url, who)
            elif url.endswith(("/add/", "/delete/")):
                assert answer.status_code in {200, 403}, (
                    url,
                    who,
                )  # some rows are never made or deleted by hand
            else:
                assert answer.status_code == 200, (url, who)
        assert model_admin.list_editable == (), model


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
def test_a_row_of_another_organisation_is_neither_listed_nor_opened(who):
    theirs = make_every_row(make_organisation())
    client, user = client_of(who, organisation=make_organisation())
    for model in admin.site._registry:
        if not (_paths_of(model) or model is Organisation):
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if not holds(user, model, "view change"):
            continue
        listed = client.get(reverse(f"{base}_changelist")).context["cl"].result_list
        assert theirs[model].pk not in [row.pk for row in listed], model
        for page in OF_A_ROW:
            answer = client.get(reverse(f"{base}_{page}", args=[theirs[model].pk]))
            assert answer.status_code in {302, 403, 404}, (model, page)


@pytest.mark.parametrize("who", ["anonymous", "no rights"])
def test_our_own_pages_of_a_row_are_shut_to_whoever_has_no_right(who):
    rows = make_every_row(None)
    client, _user = client_of(who)
    for name, model in pages_of_a_row().items():
        url = reverse(f"admin:{name}", args=[rows[model].pk])
        for answer in (client.get(url), client.post(url)):
            if who == "anonymous":
                assert answer["Location"].startswith(reverse("admin:login")), url
            else:
                assert answer.status_code in {403, 405}, url


def test_our_own_pages_of_a_row_are_shut_to_staff_of_another_organisation_whatever_their_rights():
    theirs = make_every_row(make_organisation())
    client, _user = client_of("superuser", organisation=make_organisation())
    asked = {name: model for name, model in pages_of_a_row().items() if _paths_of(model)}
    assert len(asked) > 15, "the walk finds them"
    for name, model in asked.items():
        url = reverse(f"admin:{name}", args=[theirs[model].pk])
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code in {403, 404, 405}, url


@pytest.mark.parametrize("who", WHO)
def test_a_person_is_put_on_a_list_and_taken_off_by_who_may_change_them_and_by_no_other(who):
    client, user = client_of(who, organisation=make_organisation())
    for organisation in (user.organisation if user else None, make_organisation()):
        contact = make_contact(organisation=organisation)
        on, other = make_mailing_list(organisation=organisation), make_mailing_list(organisation=organisation)
        make_subscription(contact, on)
        agreed = {
            "mailing_list": other.pk,
            "text": "Send me news.",
            "page": "A stall",
            "given_on": "2026-01-02",
        }
        is_theirs = user is not None and organisation == user.organisation
        may_change = user is not None and user.has_perm("contacts.change_contact")
        expected = 302 if user is None or (may_change and is_theirs) else 404 if may_change else 403
        for name, args, posted in (
            ("take_off", [contact.pk, on.pk], {"why": "She rang."}),
            ("put_on", [contact.pk], agreed),
        ):
            answer = client.post(reverse(f"admin:contacts_contact_{name}", args=args), posted)
            assert answer.status_code == expected, (who, name)
        standing = dict(Subscription.objects.filter(contact=contact).values_list("mailing_list", "status"))
        changed = {on.pk: "unsubscribed", other.pk: "confirmed"}
        assert standing == (changed if may_change and is_theirs else {on.pk: "confirmed"})


@pytest.mark.parametrize("who", [role for role in WHO if role != "anonymous"])
def test_the_home_page_opens_for_everyone_who_works_here(who):
    make_every_row(None)
    client, _user = client_of(who)
    assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["country=%00", "q=%00", "status__exact=%00", "state=%00", "id__exact=x", "foo=1", "p=x", "o=9.x"],
)
def test_a_query_nobody_can_read_breaks_no_list_and_no_export(query):
    make_every_row(None)
    client, _user = client_of("superuser")
    lists = [name for name in desk_url_names() if name.endswith(("_changelist", "_export"))]
    for name in sorted(lists):
        answer = client.get(f"{reverse(f'admin:{name}')}?{query}", follow=True)
        assert answer.status_code in {200, 400}, name


def test_a_new_password_ends_every_other_session_of_its_owner():
    (here, user), elsewhere = client_of("superuser"), Client()
    assert user is not None
    user.set_password("an old password of theirs")
    user.save()
    for client in (here, elsewhere):
        client.force_login(user)
    answer = here.post(
        reverse("admin:password_change"),
        {
            "old_password": "an old password of theirs",
            "new_password1": "a new one, which is longer",
            "new_password2": "a new one, which is longer",
        },
    )
    assert answer.status_code == 302
    assert here.get(reverse("admin:index")).status_code == 200
    assert elsewhere.get(reverse("admin:index"))["Location"].startswith(reverse("admin:login"))


def test_only_a_superuser_gives_rights_to_a_group_or_to_a_person():
    client, user = client_of("Campaigners")
    assert user is not None
    codes = ["view_group", "add_group", "change_group", "delete_group", "view_user", "change_user"]
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(user)
    group = user.groups.get()
    assert client.get(reverse("admin:auth_group_change", args=[group.pk])).status_code == 200
    every = list(Permission.objects.values_list("pk", flat=True))
    for url in (
        reverse("admin:auth_group_change", args=[group.pk]),
        reverse("admin:auth_group_add"),
        reverse("admin:auth_group_delete", args=[group.pk]),
    ):
        answer = client.post(url, {"name": group.name, "permissions": every, "post": "yes"})
        assert answer.status_code == 403, url
    client.post(
        reverse("admin:accounts_user_change", args=[user.pk]),
        {
            "username": user.username,
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "user_permissions": every,
        },
    )
    assert group.permissions.count() < len(every)
    user.refresh_from_db()
    assert (user.is_superuser, user.user_permissions.count()) == (False, len(codes))
