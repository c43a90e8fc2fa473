"""Staff, organisations, and one row of every kind the desk shows."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from accounts.models import Invitation, Organisation, User
from advocacy.models import (
    Area,
    Campaign,
    CampaignText,
    ColumnMapping,
    ContactRoute,
    Expression,
    Legislature,
    Letter,
    LetterTemplate,
    Mandate,
    Membership,
    Person,
    Postcode,
    Report,
    RepresentativeImport,
    Resource,
    ShareLink,
    ShareText,
    Submission,
    Supporter,
    TargetRule,
    Update,
)
from contacts.addresses import parse
from contacts.models import (
    Attribute,
    Consent,
    Contact,
    ContactExport,
    Erasure,
    Import,
    ImportMapping,
    ListRight,
    MailingList,
    Segment,
    Subscription,
    Suppression,
)
from mailer.models import (
    Delivery,
    DeliveryEvent,
    Mailing,
    MailingTemplate,
    Message,
    Picture,
    SavedBlock,
    Sender,
    SignUp,
    Theme,
)

_number = itertools.count(1)
TODAY = dt.date(2026, 11, 1)


def n() -> int:
    return next(_number)


def make_organisation(**fields: Any) -> Organisation:
    number = n()
    return Organisation.objects.create(
        **{"name": f"Organisation {number}", "slug": f"org-{number}", **fields}
    )


def make_staff(*roles: str, organisation: Organisation | None = None, **fields: Any) -> User:
    """A member of staff in the groups named by `roles`; "superuser" is no group."""
    user = User.objects.create(
        **{
            "username": f"staff{n()}",
            "is_staff": True,
            "is_superuser": "superuser" in roles,
            "organisation": organisation,
            **fields,
        }
    )
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def make_invitation(by: User, *roles: str, **fields: Any) -> Invitation:
    """An open invitation whose mail was never written."""
    row = Invitation.objects.create(
        **{
            "address": f"new{n()}@example.org",
            "language": "en",
            "nonce": f"nonce-{n()}",
            "invited_by": by,
            "expires_at": timezone.now() + dt.timedelta(days=7),
            **fields,
        }
    )
    row.roles.set(Group.objects.filter(name__in=roles))
    return row


def make_campaign(**fields: Any) -> Campaign:
    number = n()
    return Campaign.objects.create(
        **{"slug": f"campaign-{number}", "name": f"Campaign {number}", "sender_name": "Bus 42", **fields}
    )


def make_text(campaign: Campaign, **fields: Any) -> CampaignText:
    return CampaignText.objects.create(
        **{
            "campaign": campaign,
            "language": "en",
            "title": "Keep the bus",
            "summary": "One line.",
            "story": "…",
            **fields,
        }
    )


def make_template(campaign: Campaign, **fields: Any) -> LetterTemplate:
    return LetterTemplate.objects.create(
        **{
            "campaign": campaign,
            "name": "Everybody",
            "language": "en",
            "subjects": "Please keep line 42",
            "salutation": "Dear {{ title | Member }} {{ family_name }},",
            "body": "Please keep line 42 running in {{ area | your area }}.",
            "closing": "Yours sincerely,\n{{ supporter_name }}",
            **fields,
        }
    )


def sourced(**fields: Any) -> dict[str, Any]:
    return {"source": "test", "source_id": str(n()), "as_of": TODAY, **fields}


def make_legislature(**fields: Any) -> Legislature:
    return Legislature.objects.create(
        **sourced(country="KE", name="National Assembly", language="en", **fields)
    )


def make_person(
    name: str = "Achieng Example",
    *,
    legislature: Legislature | None = None,
    email: str | None = "",
    seat: dict[str, Any] | None = None,
    **fields: Any,
) -> Person:
    """A person with a current seat and, unless `email` is None, a usable address."""
    family = name.rpartition(" ")[2]
    person = Person.objects.create(
        **sourced(
            name=name, family_name=family, given_name=name.partition(" ")[0], sort_name=family, **fields
        )
    )
    Mandate.objects.create(
        **sourced(person=person, legislature=legislature or make_legislature(), **(seat or {}))
    )
    if email is not None:
        make_route(person, email or f"person{n()}@parliament.example")
    return person


def make_route(person: Person, value: str = "", **fields: Any) -> ContactRoute:
    value = value or f"route{n()}@parliament.example"
    return ContactRoute.objects.create(
        **{
            "person": person,
            "kind": ContactRoute.Kind.EMAIL,
            "value": value,
            "value_key": value.casefold(),
            "source": "test",
            "as_of": TODAY,
            **fields,
        }
    )


def make_supporter(address: str = "") -> Supporter:
    found = parse(address or f"supporter{n()}@example.org")
    return Supporter.objects.create(address=found.given, address_key=found.key, address_hash=found.hash)


def make_submission(campaign: Campaign, supporter: Supporter | None = None, **fields: Any) -> Submission:
    return Submission.objects.create(
        **{
            "campaign": campaign,
            "supporter": supporter or make_supporter(),
            "form_key": f"form{n()}",
            "language": "en",
            "name": "Ann Supporter",
            "place": "Kisumu",
            "country": "KE",
            "confirmed_at": timezone.now(),
            "expires_at": timezone.now() + dt.timedelta(days=7),
            **fields,
        }
    )


def make_letter(
    campaign: Campaign | None = None, person: Person | None = None, address: str = "", **fields: Any
) -> Letter:
    """A confirmed letter that waits for its turn."""
    campaign = campaign or make_campaign()
    person = person or make_person()
    submission = fields.pop("submission", None) or make_submission(campaign, make_supporter(address))
    return Letter.objects.create(
        **{
            "submission": submission,
            "campaign": campaign,
            "supporter": submission.supporter,
            "person": person,
            "mandate": person.mandates.first(),
            "route": person.routes.first(),
            "language": "en",
            "subject": "Please keep line 42",
            "body": "Dear Member,\n\nplease keep line 42.\n",
            "status": Letter.Status.CONFIRMED,
            "slot": timezone.now() + dt.timedelta(hours=3),
            "confirmed_at": timezone.now(),
            **fields,
        }
    )


def make_message(**fields: Any) -> Message:
    return Message.objects.create(
        **{
            "from_name": "Ann via Bus 42",
            "from_address": "letters@epistle.example",
            "subject": "Please keep line 42",
            "text": "Dear Member",
            "content_hash": b"0" * 32,
            **fields,
        }
    )


def make_delivery(address: str = "", **fields: Any) -> Delivery:
    found = parse(address or f"person{n()}@parliament.example")
    return Delivery.objects.create(
        **{
            "message": fields.pop("message", None) or make_message(),
            "kind": Delivery.Kind.LETTER,
            "address": found.given,
            "address_hash": found.hash,
            **fields,
        }
    )


def make_event(delivery: Delivery, kind: str, **fields: Any) -> DeliveryEvent:
    return DeliveryEvent.objects.create(
        **{
            "delivery": delivery,
            "event_key": f"event{n()}",
            "type": kind,
            "occurred_at": timezone.now(),
            "applied_at": timezone.now(),
            **fields,
        }
    )


def make_import(**fields: Any) -> Import:
    """A small file that waits for its columns to be matched; its bytes are not there."""
    return Import.objects.create(
        **{
            "file_name": f"people-{n()}.csv",
            "file_size": 100,
            "file_hash": n().to_bytes(32, "big"),
            **fields,
        }
    )


def make_every_row(organisation: Organisation | None) -> dict[type[models.Model], models.Model]:
    """One row of every model the desk shows, each belonging to `organisation` where its kind belongs to one."""
    person = make_person()
    mandate = person.mandates.get()
    campaign = make_campaign(organisation=organisation)
    picture = Picture.objects.create(
        name="Court", alt="A court", content_hash=f"{n():064x}", width=1, height=1, bytes=1, organisation=organisation,
        file="pictures/court.png",
    )  # fmt: skip
    sender = Sender.objects.create(
        name=f"Sender {n()}",
        address="news@epistle.example",
        organisation=organisation,
        postal_address="1 Street",
    )
    mailing_list = MailingList.objects.create(slug=f"list-{n()}", name="News", organisation=organisation)
    found = parse(f"contact{n()}@example.org")
    contact = Contact.objects.create(
        address=found.given, address_key=found.key, address_hash=found.hash, organisation=organisation
    )
    letter = make_letter(campaign, person)
    rows: list[models.Model] = [
        campaign,
        make_text(campaign),
        make_template(campaign),
        TargetRule.objects.create(campaign=campaign),
        Update.objects.create(campaign=campaign, language="en", title="News", body="Words."),
        mandate.legislature,
        Area.objects.create(**sourced(country="KE", name="Kisumu", code=f"KE-{n()}")),
        person,
        mandate,
        person.routes.get(),
        Postcode.objects.create(country="KE", code=str(n()), area_code="KE-1"),
        RepresentativeImport.objects.create(file_name="a.csv", format="csv", as_of=TODAY),
        ColumnMapping.objects.create(name=f"mapping-{n()}"),
        letter,
        letter.submission,
        Report.objects.create(letter=letter, kind="abuse"),
        Expression.objects.create(
            campaign=campaign,
            form_key=f"form{n()}",
            status="confirmed",
            name="Amina",
            statement="Yes.",
            proof="A letter",
            confirmed_at=timezone.now(),
            expires_at=timezone.now(),
            picture="expressions/x.jpg",
            picture_alt="Amina",
            picture_width=1,
            picture_height=1,
        ),
        ShareText.objects.create(campaign=campaign, language="en", text="Our children ride it."),
        ShareLink.objects.create(campaign=campaign, code=f"calm-river-{n()}", source="poster"),
        Membership.objects.create(campaign=campaign, organisation=make_organisation()),
        Resource.objects.create(campaign=campaign, title="Logo"),
        sender,
        make_message(sender=sender),
        make_delivery(message=make_message(sender=sender)),
        contact,
        Attribute.objects.create(key=f"a{n()}", name="City"),
        mailing_list,
        Subscription.objects.create(contact=contact, mailing_list=mailing_list, status="confirmed"),
        Consent.objects.create(
            address_hash=found.hash,
            contact=contact,
            mailing_list=mailing_list,
            purpose="newsletter",
            granted=True,
            text="Yes",
            source="test",
        ),
        SignUp.objects.create(
            mailing_list=mailing_list,
            address=found.given,
            address_hash=found.hash,
            language="en",
            text="Yes",
            page="https://epistle.example/en/lists/news/",
            source="hosted",
            expires_at=timezone.now(),
        ),
        ContactExport.objects.create(by=None, format="csv", organisation=organisation),
        Erasure.objects.create(address_hash=b"0" * 32, door="command", rows={"contacts.contact": 1}),
        Suppression.objects.create(address_hash=n().to_bytes(32, "big"), reason="left", scope="all"),
        Segment.objects.create(name=f"Segment {n()}", rule={"all": []}, organisation=organisation),
        make_import(organisation=organisation, status="discarded"),
        ImportMapping.objects.create(name=f"mapping-{n()}", organisation=organisation),
        Mailing.objects.create(
            name="News", organisation=organisation, sender=sender, mailing_list=mailing_list
        ),
        picture,
        Theme.objects.create(organisation=organisation),
        SavedBlock.objects.create(
            name="Line", block={"id": "a1", "kind": "divider"}, organisation=organisation
        ),
        MailingTemplate.objects.create(name="News", language="en", organisation=organisation),
        organisation or make_organisation(),
        Group.objects.create(name=f"Group {n()}"),
    ]
    by_model = {type(row): row for row in rows}
    user = make_staff(organisation=organisation)
    by_model[User] = user
    by_model[Invitation] = make_invitation(user, organisation=organisation)
    by_model[ListRight] = ListRight.objects.create(user=user, mailing_list=mailing_list)
    by_model[LogEntry] = LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Campaign),
        object_id="1",
        object_repr="x",
        action_flag=CHANGE,
    )
    return by_model
