"""Every public address, asked by everybody: what is a draft, unpublished, another's or over is found by nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import permissions
from accounts.models import User
from accounts.roles import ROLES
from advocacy import tokens
from advocacy.expressions import links as expression_links
from advocacy.models import Campaign, Expression
from advocacy.resources import keeping
from mailer.archive import addresses
from mailer.signup import links as sign_up_links
from tests.advocacy.resources.samples import picture
from tests.expressions import make_expression
from tests.factories import (
    make_campaign,
    make_membership,
    make_organisation,
    make_resource,
    make_resource_file,
    make_update,
)
from tests.pages import PUBLIC, public_routes
from tests.staff import make_staff
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]
WHO = ["anonymous", "no rights", *ROLES, "superuser"]
OF_AN_EXPRESSION = ["advocacy:expression", "advocacy:expression_picture", "advocacy:expression_report"]
# What a file or a redirect answers instead of a page, if somebody may have it at all.
FOUND = {200, 302, 303}


@pytest.fixture
def world() -> World:
    return make_world()


def visitors(*which: str, **fields: Any) -> Iterator[tuple[str, Client, User | None]]:
    """Somebody of every role, signed in."""
    for who in which or WHO:
        client, user = Client(), None
        if who != "anonymous":
            user = make_staff(who, **fields)
            client.force_login(user)
        yield who, client, user


def of_a_campaign(campaign: Campaign, **rows: Any) -> dict[str, str]:
    """Every address under a campaign, by name; `rows` are what it names beside it, else rows of its own."""
    named = {
        "advocacy:update": {"pk": rows.get("update") or make_update(campaign).pk},
        "advocacy:resource_file": {"pk": rows.get("resource") or _resource(campaign), "form": "txt"},
        "advocacy:resource_thumbnail": {"pk": rows.get("picture") or _pictured(campaign)},
        "advocacy:resource_pack": {"language": "en"},
        "advocacy:member": {"short_name": rows.get("member") or make_membership(campaign).organisation.slug},
        "advocacy:share_qr": {"kind": "svg"},
    }
    expression = rows.get("expression") or make_expression(campaign).pk
    named |= {name: {"pk": expression} for name in OF_AN_EXPRESSION}
    return {
        name: reverse(name, kwargs={"slug": campaign.slug, **named.get(name, {})})
        for name, asked in public_routes().items()
        if "slug" in asked and name.startswith("advocacy")
    }


def _resource(campaign: Campaign, **fields: Any) -> int:
    return make_resource_file(make_resource(campaign, **fields)).resource_id


def _pictured(campaign: Campaign, **fields: Any) -> int:
    resource = make_resource_file(make_resource(campaign, **fields), picture(), "logo.png").resource
    assert keeping.draw_thumbnail(resource)
    return resource.pk


def test_a_page_of_the_list_is_the_same_for_staff_and_strangers(world):
    for who, client, _user in visitors("anonymous", "superuser"):
        for page in PUBLIC:
            if page.then is None:
                answer = client.get(f"/en/{page.path(world)}")
                assert answer.status_code == page.status, (who, page.what)


def test_a_draft_is_there_for_its_staff_only():
    campaign = make_campaign(organisation=make_organisation())
    asked = of_a_campaign(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.DRAFT)
    assert len(asked) > 20, "the walk finds them"
    for organisation in (None, make_organisation()):
        for who, client, user in visitors(organisation=organisation):
            may = user is not None and permissions.may(user, "advocacy.view_campaign", campaign)
            assert may is False or organisation is None
            for name, path in asked.items():
                status = client.get(path).status_code
                assert status in (FOUND | {404} if may else {404}), (who, name)
            page = client.get(asked["advocacy:campaign"])
            assert page.status_code == (200 if may else 404), who


def test_a_closed_campaign_takes_nothing_more():
    campaign = make_campaign()
    asked = of_a_campaign(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CLOSED)
    for who, client, _user in visitors():
        for name, path in asked.items():
            for answer in (client.get(path), client.post(path)):
                assert answer.status_code in FOUND | {403, 404, 405, 410, 422}, (who, name)
                assert b'value="send"' not in answer.content if not answer.streaming else True, (who, name)


def test_what_is_another_campaigns_is_not_found_under_this_one():
    campaign, other = make_campaign(), make_campaign()
    foreign = of_a_campaign(
        campaign,
        update=make_update(other).pk,
        resource=_resource(other),
        picture=_pictured(other),
        member=make_membership(other).organisation.slug,
        expression=make_expression(other).pk,
    )
    own = of_a_campaign(campaign)
    changed = {name: path for name, path in foreign.items() if path != own[name]}
    assert len(changed) == 7
    for who, client, _user in visitors():
        for name, path in changed.items():
            assert client.get(path).status_code == 404, (who, name)


def test_what_is_not_published_is_found_by_nobody_but_news_by_who_writes_them():
    campaign = make_campaign(organisation=make_organisation())
    tomorrow = timezone.now() + dt.timedelta(days=1)
    news = [make_update(campaign, published_at=when) for when in (None, tomorrow)]
    hidden = [
        reverse(name, args=[campaign.slug, make_expression(campaign, status).pk])
        for status in (Expression.Status.PENDING, Expression.Status.CONFIRMED)
        for name in OF_AN_EXPRESSION
    ]
    unseen = _resource(campaign, is_published=False)
    hidden.append(reverse("advocacy:resource_file", args=[campaign.slug, unseen, "txt"]))
    unseen = _pictured(campaign, is_published=False)
    hidden.append(reverse("advocacy:resource_thumbnail", args=[campaign.slug, unseen]))
    for organisation in (None, make_organisation()):
        for who, client, user in visitors(organisation=organisation):
            for path in hidden:
                assert client.get(path).status_code == 404, (who, path)
            for row in news:
                may = user is not None and permissions.may(user, "advocacy.view_update", row)
                status = client.get(reverse("advocacy:update", args=[campaign.slug, row.pk])).status_code
                assert status == (200 if may else 404), (who, organisation)


# --- links of a person --------------------------------------------------------------------------------------------

PRESSED = {  # answered to POST only: what opens them
    "advocacy:send_again": "advocacy:pending",
    "advocacy:correct": "advocacy:pending",
    "advocacy:act": "advocacy:status",
    "advocacy:expression_again": "advocacy:expression_pending",
    "advocacy:expression_correct": "advocacy:expression_pending",
    "advocacy:expression_change": "advocacy:expression_own",
    "advocacy:expression_own_picture": "advocacy:expression_own",
    "advocacy:expression_remove_picture": "advocacy:expression_own",
    "advocacy:expression_take_down": "advocacy:expression_own",
}
# These work for as long as there is somebody to whom they belong.
LASTING = {
    "advocacy:status",
    "advocacy:act",
    "advocacy:expression_own",
    "mailer:preferences",
    "mailer:unsubscribe",
    "mailer:view",
} | {name for name, of in PRESSED.items() if of == "advocacy:expression_own"}


def tokens_of(world: World) -> dict[str, str]:
    """A good token for every address that asks for one."""
    found = {
        "advocacy:pending": world.token(tokens.PENDING),
        "advocacy:confirm": world.token(tokens.CONFIRM),
        "advocacy:status": world.token(tokens.STATUS),
        "advocacy:not_me": world.token(tokens.NOT_ME),
        "advocacy:report": world.token(tokens.REPORT),
        "advocacy:expression_pending": world.expression(expression_links.PENDING),
        "advocacy:expression_confirm": world.expression(expression_links.CONFIRM),
        "advocacy:expression_own": world.expression(expression_links.OWN),
        "advocacy:expression_not_me": world.expression(expression_links.NOT_ME),
        "mailer:confirm": world.sign_up(sign_up_links.CONFIRM),
        "mailer:not_me": world.sign_up(sign_up_links.NOT_ME),
        "mailer:preferences": world.preferences(),
        "mailer:data": world.preferences(personal=True),
        "mailer:erase": world.preferences(personal=True),
        "mailer:unsubscribe": world.leave(),
        "mailer:view": addresses.token(world.issue.pk),
    }
    return found | {name: found[of] for name, of in PRESSED.items()}


def ask(client: Client, world: World, name: str, token: str) -> int:
    """What an address says to a token; to POST, where it takes nothing else."""
    kwargs: dict[str, Any] = {"token": token}
    if "letter_id" in public_routes_once()[name]:
        kwargs["letter_id"] = world.letter().pk
    path = reverse(name, kwargs=kwargs)
    if name in PRESSED:
        return client.post(path, {"action": "nothing"}).status_code
    return client.get(path).status_code


def public_routes_once() -> dict[str, set[str]]:
    if not _ROUTES:
        _ROUTES.update(public_routes())
    return _ROUTES


_ROUTES: dict[str, set[str]] = {}


def test_every_address_of_a_person_is_in_the_walk(world):
    asked = {
        name.replace("advocacy-embedded:", "advocacy:")
        for name, needed in public_routes().items()
        if "token" in needed and not name.startswith("links:")
    }
    assert asked == tokens_of(world).keys()


def test_no_token_opens_what_it_was_not_made_for(world):
    good = tokens_of(world)
    client = Client()
    for name, own in good.items():
        others = {token for token in good.values() if token != own}
        if name == "mailer:preferences":
            others -= {good["mailer:data"]}  # who may see their data may see their lists
        wrong = {"x", own[:-1], f"{own}0", own[::-1], f"{own[:-1]}{'a' if own[-1] != 'a' else 'b'}", *others}
        for token in wrong:
            assert ask(client, world, name, token) == 404, (name, token)


def test_a_good_token_opens_its_page_and_an_old_one_nothing(world):
    good = tokens_of(world)
    client = Client()
    for name, token in good.items():
        if name not in PRESSED and name != "advocacy:expression_confirm":
            assert ask(client, world, name, token) in FOUND, name
    with time_machine.travel(timezone.now() + dt.timedelta(days=400), tick=False):
        for name, token in good.items():
            if name not in LASTING:
                assert ask(client, world, name, token) == 404, name
