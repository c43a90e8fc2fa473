"""The main pages of the desk, by what staff do there, and the rows they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from advocacy.models import Campaign, Letter, LetterTemplate
from contacts.models import Attribute, ExportRequest, ImportBatch, ImportMapping, MailingList
from mailer.mailings import texts
from mailer.mailings.texts import Content
from mailer.models import MailingRevision
from tests.contacts.test_import_pages import PROOF, bring, checked, ran
from tests.factories import make_mailing
from tests.mailings import make_clicked_mailing, make_frozen_mailing
from tests.pages import Deed, Shown, press
from tests.staff import make_import, make_letter, make_staff
from tests.world import World, desk

if TYPE_CHECKING:
    from playwright.sync_api import Page

PEOPLE = (
    "E-mail;Vorname;Ort;Seit\nann@example.org;Änn;Kisumu;01/02/2023\nben@example.org;Ben;Ngozi;03/04/2023\n"
    f"{'x' * 300};محمد;Łódź;05/06/2023\n;Zoé;Lomé;07/08/2023\n"
).encode("cp1250", "ignore")
UNFINISHED = ("uploaded", "checking", "running", "stopped", "failed", "undoing", "undone", "discarded")


def furnish(world: World) -> None:
    """The rows of the desk's pages: imports at every step, a mailing being written and others sent, letters held."""
    client = Client()
    client.force_login(world.staff)
    world.more.update(_imports(client), **_mailings(world))
    make_letter(world.campaign, status=Letter.Status.WITHHELD)
    world.more["asked"] = ExportRequest.objects.create(by=make_staff(), query="country=KE", people=12_000)


def _imports(client: Client) -> dict[str, object]:
    MailingList.objects.create(slug="friends", name="أخبار")
    Attribute.objects.create(key="town", name="Town", kind="text")
    ImportMapping.objects.create(name="Members", columns={"e-mail": "address"})
    done = ran(client, PEOPLE)
    found: dict[str, object] = {
        "columns": bring(client, PEOPLE),
        "empty": bring(client, b"", "empty.csv"),
        "headless": bring(client, b"ann@example.org,Ann\n"),
        "checked": checked(client, PEOPLE, new_list="More news"),
        "to run": checked(client, PEOPLE, new_list="No news"),
        "done": done,
    }
    for status in UNFINISHED:
        found[status] = one = make_import(
            status=status,
            mailing_list=done.mailing_list,
            problem="damaged" if status == "failed" else "",
            started_at=timezone.now(),
            read_bytes=50,
            staged_rows=20,
            **PROOF,
        )
        ImportBatch.objects.create(from_import=one, number=0, first_line=2, last_line=21, rows=20)
    return found


def _mailings(world: World) -> dict[str, object]:
    written = make_mailing()
    text = written.texts.get()
    blocks = [
        *text.blocks,
        {"id": "c1", "kind": "columns", "left": [{"id": "p1", "kind": "picture"}], "right": []},
        {"id": "s1", "kind": "share"},
        {"id": "l1", "kind": "list", "items": ["One", "Two"]},
    ]
    texts.save(text, 1, Content("Subject", "", blocks, ""), world.staff)
    texts.add_language(written, "ar", world.staff)
    aside = MailingRevision.objects.create(
        text=text,
        version=1,
        by=world.staff,
        aside=True,
        content=Content("Another", "", blocks[:2], "").as_json(),
    )
    sent = make_clicked_mailing(exclusions={"suppressed": 3, "unsubscribed": 2}, candidates=67)
    other = make_frozen_mailing({"delivered": 2}, name="June call")
    return {"written": written, "aside": aside, "sent": sent, "other": other}


# --- the pages ----------------------------------------------------------------------------------------------------


def _list(what: str, name: str) -> Shown:
    return Shown(what, f"admin:{name}_changelist", lambda w: desk(f"{name}_changelist"))


def _import(what: str, page: str, row: str) -> Shown:
    return Shown(
        what, f"admin:contacts_import_{page}", lambda w: desk(f"contacts_import_{page}", w.more[row].pk)
    )


def _mailing(what: str, page: str, row: str = "written", query: str = "", then: Deed | None = None) -> Shown:
    def path(world: World) -> str:
        return desk(f"mailer_mailing_{page}", world.more[row].pk) + query

    return Shown(what, f"admin:mailer_mailing_{page}", path, then)


def show_the_blocks_to_add(page: Page) -> None:
    folded = page.locator("[data-block=a1].folded > header .composer-fold")  # as every block is on a phone
    if folded.count():
        folded.click()
    page.click("#choose-a1")
    page.locator("#palette").wait_for()


CAMPAIGNS = [
    Shown("home", "admin:index", lambda w: desk("index")),
    _list("campaigns", "advocacy_campaign"),
    Shown("campaign-new", "admin:advocacy_campaign_add", lambda w: desk("advocacy_campaign_add")),
    Shown("campaign", "admin:advocacy_campaign_change",
          lambda w: desk("advocacy_campaign_change", Campaign.objects.get(slug="keep-line-42").pk)),
    Shown("resources", "admin:advocacy_campaign_resources", lambda w: desk("advocacy_campaign_resources", w.campaign.pk)),
    Shown("resource", "admin:advocacy_resource_change",
          lambda w: desk("advocacy_resource_change", w.campaign.resources.all()[0].pk)),
    Shown("resource-new", "admin:advocacy_resource_add",
          lambda w: desk("advocacy_resource_add") + f"?campaign={w.campaign.pk}"),
    Shown("languages", "admin:languages", lambda w: desk("languages")),
    *(
        Shown(f"campaign-{page}", f"admin:advocacy_campaign_{page}",
              lambda w, page=page: desk(f"advocacy_campaign_{page}", w.campaign.pk))
        for page in ("texts", "look", "news")
    ),
    Shown("campaign-text", "admin:advocacy_campaigntext_change",
          lambda w: desk("advocacy_campaigntext_change", w.campaign.texts.earliest("pk").pk)),
    Shown("campaign-text-new", "admin:advocacy_campaigntext_add",
          lambda w: desk("advocacy_campaigntext_add") + f"?campaign={w.campaign.pk}"),
    Shown("update-new", "admin:advocacy_update_add",
          lambda w: desk("advocacy_update_add") + f"?campaign={w.campaign.pk}"),
    Shown("letter-preview", "admin:advocacy_lettertemplate_preview",
          lambda w: desk("advocacy_lettertemplate_preview", LetterTemplate.objects.filter(campaign=w.campaign)[0].pk)),
    _list("letters", "advocacy_letter"),
    Shown("letter", "admin:advocacy_letter_change", lambda w: desk("advocacy_letter_change", w.letter().pk)),
    Shown("letters-held", "admin:advocacy_letter_held", lambda w: desk("advocacy_letter_held")),
    _list("people", "advocacy_person"),
    Shown("person", "admin:advocacy_person_change", lambda w: desk("advocacy_person_change", w.letter().person_id)),
    Shown("representatives-upload", "admin:advocacy_representativeimport_upload",
          lambda w: desk("advocacy_representativeimport_upload")),
    Shown("postcodes-upload", "admin:advocacy_postcode_upload", lambda w: desk("advocacy_postcode_upload")),
    Shown("members", "admin:advocacy_campaign_members", lambda w: desk("advocacy_campaign_members", w.campaign.pk)),
    Shown("member-new", "admin:advocacy_campaign_add_member",
          lambda w: desk("advocacy_campaign_add_member", w.campaign.pk)),
    Shown("member-change", "admin:advocacy_membership_change",
          lambda w: desk("advocacy_membership_change", w.member.pk)),
    Shown("member-figures", "admin:advocacy_membership_figures",
          lambda w: desk("advocacy_membership_figures", w.member.pk)),
    Shown("as-a-member", "admin:advocacy_membership_ours", lambda w: desk("advocacy_membership_ours")),
    Shown("embed", "admin:advocacy_campaign_embed", lambda w: desk("advocacy_campaign_embed", w.campaign.pk)),
]  # fmt: skip

CONTACTS = [
    _list("contacts", "contacts_contact"),
    Shown("contact", "admin:contacts_contact_change", lambda w: desk("contacts_contact_change", w.reader.pk)),
    Shown("export-asked", "admin:contacts_contactexport_request",
          lambda w: desk("contacts_contactexport_request", w.more["asked"].pk)),
    Shown("contact-erase", "admin:contacts_contact_erase", lambda w: desk("contacts_contact_erase", w.reader.pk)),
    _list("lists", "contacts_mailinglist"),
    Shown("list", "admin:contacts_mailinglist_change", lambda w: desk("contacts_mailinglist_change", w.news.pk)),
    _list("segments", "contacts_segment"),
    Shown("segment-new", "admin:contacts_segment_add", lambda w: desk("contacts_segment_add")),
    Shown("suppression-new", "admin:contacts_suppression_add", lambda w: desk("contacts_suppression_add")),
    _list("imports", "contacts_import"),
    _list("import-mappings", "contacts_importmapping"),
    Shown("import-file", "admin:contacts_import_add", lambda w: desk("contacts_import_add")),
    _import("import-columns", "columns", "columns"),
    Shown("import-columns-errors", "admin:contacts_import_columns",
          lambda w: desk("contacts_import_columns", w.more["columns"].pk), press("button[name=check]")),
    _import("import-refused", "columns", "empty"),
    _import("import-no-headings", "columns", "headless"),
    _import("import-check", "check", "checked"),
    _import("import-run", "run", "to run"),
    _import("import-rejected", "rejected", "done"),
    _import("import-undo", "undo", "done"),
    _import("import-done", "change", "done"),
    *(_import(f"import-{status}", "change", status) for status in UNFINISHED),
]  # fmt: skip

MAILINGS = [
    _list("mailings", "mailer_mailing"),
    Shown("mailing-new", "admin:mailer_mailing_add", lambda w: desk("mailer_mailing_add")),
    _mailing("mailing-write", "write", query="?language=en", then=show_the_blocks_to_add),
    _mailing("mailing-write-arabic", "write", query="?language=ar"),
    Shown("mailing-history", "admin:mailer_mailing_history",
          lambda w: desk("mailer_mailing_history", w.more["written"].pk) + f"?revision={w.more['aside'].pk}"),
    Shown("mailing-merge", "admin:mailer_mailing_merge",
          lambda w: desk("mailer_mailing_merge", w.more["written"].pk) + f"?revision={w.more['aside'].pk}"),
    _mailing("mailing-settings", "settings"),
    _mailing("mailing-audience", "audience"),
    _mailing("mailing-test", "test"),
    _mailing("mailing-check", "check"),
    _mailing("mailing-send", "send"),
    _mailing("report", "report", "sent"),
    _mailing("report-people", "report_people", "sent"),
    _mailing("report-links", "report_links", "sent"),
    _mailing("report-unknown", "report_unknown", "sent"),
    _mailing("report-file", "report_file", "sent"),
    Shown("reports-compared", "admin:mailer_mailing_compare",
          lambda w: desk("mailer_mailing_compare") + f"?mailing={w.more['sent'].pk}&mailing={w.more['other'].pk}"),
    Shown("deliveries", "admin:mailer_delivery_changelist",
          lambda w: desk("mailer_delivery_changelist") + "?status__exact=sent"),
    Shown("deliveries-unknown", "admin:mailer_delivery_unknown", lambda w: desk("mailer_delivery_unknown")),
    _list("pictures", "mailer_picture"),
    Shown("picture-new", "admin:mailer_picture_add", lambda w: desk("mailer_picture_add")),
    Shown("look", "admin:mailer_theme_add", lambda w: desk("mailer_theme_add")),
]  # fmt: skip

ACCOUNT = [
    Shown("account", "mfa_index", lambda w: reverse("mfa_index")),
    Shown("password", "admin:password_change", lambda w: desk("password_change")),
    Shown("staff", "admin:accounts_user_changelist", lambda w: desk("accounts_user_changelist")),
    Shown("staff-person", "admin:accounts_user_change", lambda w: desk("accounts_user_change", make_staff("Moderators").pk)),
    _list("invitations", "accounts_invitation"),
    Shown("invite", "admin:accounts_invitation_add", lambda w: desk("accounts_invitation_add")),
    _list("log", "admin_logentry"),
    _list("list-rights", "contacts_listright"),
    Shown("roles", "admin:roles", lambda w: desk("roles")),
    Shown("search", "admin:search", lambda w: desk("search") + "?q=keep"),
]  # fmt: skip

STAFF = [*CAMPAIGNS, *CONTACTS, *MAILINGS, *ACCOUNT]
