"""Rows that are valid by default; a test names only what it is about."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from accounts.models import Organisation, User
from advocacy import letters, targets
from advocacy.letters import Draft
from advocacy.models import (
    Area,
    Campaign,
    CampaignText,
    ContactRoute,
    Legislature,
    Letter,
    LetterTemplate,
    Mandate,
    Membership,
    Partner,
    Person,
    Question,
    Resource,
    ResourceFile,
    Step,
    Submission,
    Term,
    Update,
)
from advocacy.resources import judging, keeping
from contacts.addresses import Address, parse
from contacts.models import Contact, Import, ImportRow, MailingList, Subscription
from mailer import pictures, sending
from mailer.models import Delivery, Mailing, MailingText, Message, Picture, Sender, SignUp
from mailer.signup import opting_in

_number = itertools.count(1)


def unique_address(name: str = "person") -> Address:
    return parse(f"{name}{next(_number)}@example.org")


def make_message(**fields: Any) -> Message:
    return sending.write(
        **{
            "subject": "Save the bus",
            "text": "Dear Sam Lee,\n\nplease keep line 42.\n",
            "from_name": "Epistle",
            **fields,
        }
    )


def make_delivery(
    to: Address | str | None = None,
    kind: str = Delivery.Kind.LETTER,
    message: Message | None = None,
    **fields: Any,
) -> Delivery:
    """A queued delivery; `fields` are written on the row afterwards, whatever its life would allow."""
    address = parse(to) if isinstance(to, str) else to or unique_address()
    delivery = sending.queue(message or make_message(), to=address, kind=kind)
    if fields:
        Delivery.objects.filter(pk=delivery.pk).update(**fields)
    delivery.refresh_from_db()
    return delivery


# --- advocacy -----------------------------------------------------------------------------------------------------


def make_campaign(**fields: Any) -> Campaign:
    """An open campaign in earnest, with a text and a default template in English, that keeps no office hours."""
    number = next(_number)
    template = fields.pop("template", {})
    campaign = Campaign.objects.create(
        **{
            "slug": f"campaign-{number}",
            "name": f"Campaign {number}",
            "status": Campaign.Status.OPEN,
            "sender_name": "Keep Line 42",
            "test_mode": False,
            "office_hours": False,
            **fields,
        }
    )
    CampaignText.objects.create(
        campaign=campaign, language="en", title="Keep line 42", summary="A bus.", story="A bus line."
    )
    if template is not None:
        make_template(campaign, **template)
    return campaign


def make_template(campaign: Campaign, **fields: Any) -> LetterTemplate:
    return LetterTemplate.objects.create(
        **{
            "campaign": campaign,
            "name": "Default",
            "language": "en",
            "subjects": "Please keep line 42\nThe last bus",
            "salutation": "Dear {{ title | Member }} {{ family_name }},",
            "opening": "I write to you as a voter in {{ area | your area }}.",
            "body": "Please keep line 42, which takes our children to school.",
            "closing": "Yours sincerely,\n{{ supporter_name }}\n{{ supporter_place }}",
            **fields,
        }
    )


def make_legislature(**fields: Any) -> Legislature:
    number = next(_number)
    return Legislature.objects.create(
        **{
            "source": "test",
            "source_id": f"legislature-{number}",
            "as_of": dt.date(2026, 1, 1),
            "country": "KE",
            "name": f"Assembly {number}",
            "language": "en",
            **fields,
        }
    )


def make_area(**fields: Any) -> Area:
    number = next(_number)
    return Area.objects.create(
        **{
            "source": "test",
            "source_id": f"area-{number}",
            "as_of": dt.date(2026, 1, 1),
            "country": "KE",
            "name": f"Area {number}",
            **fields,
        }
    )


def make_person(**fields: Any) -> Person:
    number = next(_number)
    return Person.objects.create(
        **{
            "source": "test",
            "source_id": f"person-{number}",
            "as_of": dt.date(2026, 1, 1),
            "name": f"Sam Lee {number}",
            "sort_name": f"Lee {number:06}",
            "family_name": f"Lee {number}",
            **fields,
        }
    )


def make_route(person: Person, value: str = "", **fields: Any) -> ContactRoute:
    value = value or f"office{next(_number)}@parliament.example"
    return ContactRoute.objects.create(
        **{
            "person": person,
            "kind": ContactRoute.Kind.EMAIL,
            "value": value,
            "value_key": value.casefold(),
            "source": "test",
            "as_of": dt.date(2026, 1, 1),
            **fields,
        }
    )


def make_mandate(
    legislature: Legislature | None = None,
    person: Person | None = None,
    email: str | None = "",
    **fields: Any,
) -> Mandate:
    """A person in office with a mailbox of their own; `email=None` for one without an address."""
    person = person or make_person()
    if email is not None:
        make_route(person, email)
    return Mandate.objects.create(
        **{
            "source": "test",
            "source_id": f"mandate-{next(_number)}",
            "as_of": dt.date(2026, 1, 1),
            "person": person,
            "legislature": legislature or make_legislature(),
            "role": "Member of Parliament",
            **fields,
        }
    )


def make_draft(campaign: Campaign | None = None, mandates: Sequence[Mandate] = (), **fields: Any) -> Draft:
    """A filled form of a new supporter to these people (one of a new legislature if none is given)."""
    campaign = campaign or make_campaign()
    mandates = mandates or [make_mandate()]
    country = mandates[0].legislature.country
    chosen = targets.chosen(campaign, country, [mandate.person_id for mandate in mandates])
    subject = fields.pop("subject", "Please keep line 42")
    body = fields.pop("body", "Please keep line 42, which takes our children to school.")
    template = campaign.templates.get()
    return Draft(
        **{
            "campaign": campaign,
            "country": country,
            "language": "en",
            "form_key": f"form-{next(_number)}",
            "name": "Ann Example",
            "address": unique_address("ann"),
            "place": "Kisumu",
            "letter_consent_text": "Send this letter in my name.",
            "letters": [(candidate, template, subject, body) for candidate in chosen],
            **fields,
        }
    )


def make_submission(
    campaign: Campaign | None = None, mandates: Sequence[Mandate] = (), **fields: Any
) -> Submission:
    """A submission that waits for its confirmation."""
    return letters.submit(make_draft(campaign, mandates, **fields))


def make_letter(campaign: Campaign | None = None, mandate: Mandate | None = None, **fields: Any) -> Letter:
    """A confirmed letter of a new supporter, waiting for its slot."""
    submission = make_submission(campaign, [mandate] if mandate else [], **fields)
    letters.confirm(submission)
    return submission.letters.select_related("campaign", "submission", "delivery").get()


def make_organisation(**fields: Any) -> Organisation:
    number = next(_number)
    return Organisation.objects.create(
        **{"name": f"Organisation {number}", "slug": f"organisation-{number}", **fields}
    )


def make_picture(**fields: Any) -> Picture:
    """A small picture of the library, unlike every other one."""
    number = next(_number)
    file = io.BytesIO()
    Image.new("RGB", (32, 18), (number % 256, number // 256 % 256, 7)).save(file, "PNG")
    file.seek(0)
    options = {"name": "court.png", "alt": "A court", "user": None, "organisation_id": None, **fields}
    return pictures.keep(file, **options)[0]


def make_update(campaign: Campaign | None = None, **fields: Any) -> Update:
    """A piece of news, published yesterday."""
    return Update.objects.create(
        **{
            "campaign": campaign or make_campaign(),
            "language": "en",
            "title": "Ten offices answered",
            "body": "What they **said**.",
            "published_at": timezone.now() - dt.timedelta(days=1),
            **fields,
        }
    )


def fill_page(campaign: Campaign) -> None:
    """Every part that a campaign's page can have beside the letter, in English."""
    text = campaign.texts.get(language="en")
    for number, way in enumerate(["letter", "share", "support", "resources", "video", "link", ""]):
        url = "https://more.example/" if way == "link" else ""
        Step.objects.create(
            text=text, position=number, title=f"Way {number}", body="Do *this*.", leads_to=way, url=url
        )
    for number in range(3):
        Question.objects.create(text=text, position=number, question=f"Why {number}?", answer="Because.")
        Term.objects.create(text=text, term=f"Word {number}", meaning="What it means.")
        make_update(campaign, title=f"News {number}")
        logo = make_picture() if number else None
        Partner.objects.create(
            campaign=campaign, name=f"Partner {number}", url="https://partner.example/", logo=logo
        )
        make_membership(campaign)


def make_membership(
    campaign: Campaign | None = None, *, with_list: bool = False, **fields: Any
) -> Membership:
    """A new organisation with a page of the campaign, and with a list of its own if `with_list`."""
    organisation = fields.pop("organisation", None) or make_organisation()
    if with_list:
        fields["mailing_list"] = make_mailing_list(organisation=organisation)
    return Membership.objects.create(
        campaign=campaign or make_campaign(), organisation=organisation, **fields
    )


def make_mailing_list(**fields: Any) -> MailingList:
    slug = f"list-{next(_number)}"
    return MailingList.objects.create(**{"slug": slug, "name": f"News {slug}", **fields})


def make_sender(**fields: Any) -> Sender:
    return Sender.objects.create(
        **{
            "name": "Coalition",
            "address": unique_address("news").given,
            "postal_address": "Coalition, 1 Example Street, Example Town",
            **fields,
        }
    )


def make_mailing(**fields: Any) -> Mailing:
    """A draft to the people of one list, with one English text that could be sent; no text with `texts=False`."""
    with_text = fields.pop("texts", True)
    mailing_list = fields.pop("mailing_list", None) or make_mailing_list()
    mailing = Mailing.objects.create(
        **{
            "name": "November news",
            "mailing_list": mailing_list,
            "sender": fields.pop("sender", None) or make_sender(),
            **fields,
        }
    )
    mailing.include_lists.add(mailing_list)
    if with_text:
        make_mailing_text(mailing)
    return mailing


def make_mailing_text(mailing: Mailing, language: str = "en", **fields: Any) -> MailingText:
    blocks = [
        {"id": "a1", "kind": "heading", "text": "Stand with victims"},
        {
            "id": "a2",
            "kind": "text",
            "html": "<p>Dear {{ first_name | friend }}, justice must be global.</p>",
        },
        {"id": "a3", "kind": "button", "text": "Write to them", "url": "https://epistle.example/write/"},
        {"id": "a4", "kind": "footer"},
    ]
    return MailingText.objects.create(
        **{
            "mailing": mailing,
            "language": language,
            "subject": "Stand with victims",
            "blocks": blocks,
            **fields,
        }
    )


def make_contact(address: str = "", **fields: Any) -> Contact:
    found = parse(address) if address else unique_address()
    return Contact.objects.create(
        address=found.given,
        address_key=found.key,
        address_hash=found.hash,
        **{"name": "Ann Example", **fields},
    )


def make_subscription(contact: Contact, mailing_list: MailingList, **fields: Any) -> Subscription:
    return Subscription.objects.create(
        contact=contact,
        mailing_list=mailing_list,
        **{"status": Subscription.Status.CONFIRMED, **fields},
    )


def make_import(**fields: Any) -> Import:
    return Import.objects.create(
        **{"file_name": "people.csv", "file_size": 1, "file_hash": b"0" * 32, **fields},
    )


def stage(to: Import, line: int, address: Address | None, **fields: Any) -> ImportRow:
    """A staged row of an import, as the check leaves it."""
    known = (
        {"address": address.given, "address_key": address.key, "address_hash": address.hash}
        if address
        else {}
    )
    return ImportRow.objects.create(from_import=to, line=line, **known, **fields)


def make_sign_up(
    mailing_list: MailingList | None = None, address: Address | None = None, **fields: Any
) -> SignUp:
    """An address typed into a list's form, with the mail that asks its owner."""
    mailing_list = mailing_list or make_mailing_list(is_public=True)
    return opting_in.sign_up(
        opting_in.Request(
            **{
                "mailing_list": mailing_list,
                "address": address or unique_address(),
                "language": "en",
                "text": "Send me the news.",
                "page": "https://epistle.example/en/lists/news/",
                **fields,
            }
        )
    )


def make_audience(mailing: Mailing, people: int, **fields: Any) -> list[Contact]:
    """So many new contacts with a confirmed subscription to the mailing's list, by bulk."""
    addresses = [unique_address() for _ in range(people)]
    contacts = Contact.objects.bulk_create(
        Contact(
            address=one.given, address_key=one.key, address_hash=one.hash, **{"name": "Ann Example", **fields}
        )
        for one in addresses
    )
    Subscription.objects.bulk_create(
        Subscription(contact=one, mailing_list=mailing.mailing_list, status=Subscription.Status.CONFIRMED)
        for one in contacts
    )
    return contacts


def make_user(**fields: Any) -> User:
    """A member of staff."""
    return User.objects.create(**{"username": f"user-{next(_number)}", "is_staff": True, **fields})


def make_resource(campaign: Campaign | None = None, **fields: Any) -> Resource:
    """A text to use, without a file yet."""
    return Resource.objects.create(
        **{
            "campaign": campaign or make_campaign(),
            "kind": Resource.Kind.TEXT,
            "title": f"Leaflet {next(_number)}",
            **fields,
        }
    )


def make_resource_file(
    resource: Resource | None = None,
    content: bytes = b"Keep line 42.\n",
    name: str = "leaflet.txt",
    variant: str = "",
) -> ResourceFile:
    """A file as staff bring it, kept as what it is."""
    file = ContentFile(content)
    return keeping.add(
        resource or make_resource(),
        file,
        name=name,
        judged=judging.judge(file, name),  # type: ignore[arg-type]
        variant=variant,
    )
