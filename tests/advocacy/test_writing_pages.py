"""From a country to a confirmed letter, without JavaScript and without cookies."""

import gzip

import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import User
from advocacy import forms, letters, links, reports, sharing, tokens, writing
from advocacy.models import Campaign, Letter, Report, Submission
from advocacy.sharing import CameBy
from contacts.models import Consent, MailingList
from mailer.models import Delivery
from tests.advocacy.pages import Visitor
from tests.factories import (
    make_area,
    make_campaign,
    make_legislature,
    make_letter,
    make_mandate,
    make_person,
    make_submission,
    make_template,
    unique_address,
)

pytestmark = pytest.mark.django_db


# --- writing ----------------------------------------------------------------------------------------------------


def test_both_consents_come_unticked_and_the_newsletter_only_where_there_is_a_list(campaign, member):
    visitor = Visitor()
    form = visitor.to_letter(campaign, member.person_id).form("/write/letter/")
    assert not form.values("letter_consent")
    assert "newsletter_consent" not in visitor.to_letter(campaign, member.person_id).html
    Campaign.objects.update(mailing_list=MailingList.objects.create(slug="news", name="Bus news"))
    page = visitor.to_letter(campaign, member.person_id)
    assert "Bus news" in page.text
    assert not page.form("/write/letter/").values("newsletter_consent")


def test_a_tick_for_a_list_that_is_no_longer_offered_is_asked_again_and_none_is_ticked(campaign, member):
    read, now = (MailingList.objects.create(slug=f"news-{n}", name=f"News {n}") for n in "12")
    Campaign.objects.filter(pk=campaign.pk).update(mailing_list=read)
    visitor = Visitor()
    preview = visitor.fill(visitor.to_letter(campaign, member.person_id), newsletter_consent=str(read.pk))
    Campaign.objects.filter(pk=campaign.pk).update(mailing_list=now)
    page = visitor.send(preview.form("/write/letter/"), button="send")
    assert "Another newsletter is offered here now" in page.text
    assert not page.form("/write/letter/").values("newsletter_consent")
    assert not Submission.objects.exists()
    preview = visitor.fill(page, newsletter_consent=str(now.pk))
    visitor.send(preview.form("/write/letter/"), button="send")
    assert Submission.objects.get().newsletter_list == now


def test_what_is_wrong_stands_at_the_top_with_links_and_at_the_field_and_all_typed_is_kept(campaign, member):
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id)
    key = f"t{campaign.templates.get().pk}"
    wrong = visitor.fill(
        page, email="nobody", letter_consent=None, **{f"{key}-body": "Too short", f"{key}-own_words": ""}
    )
    assert wrong.response.status_code == 422
    for field in ("id_email", "id_letter_consent", f"id_{key}-body"):
        assert f'href="#{field}"' in wrong.html
        assert f'id="{field}_error"' in wrong.html
        assert f'aria-describedby="{field}_error"' in wrong.html or f"{field}_error" in wrong.html
    form = wrong.form("/write/letter/")
    assert form.values("email") == ["nobody"]
    assert form.values("name") == ["Ann Example"]
    assert form.values(f"{key}-body") == ["Too short"]
    assert not Submission.objects.exists()


def test_the_preview_shows_each_letter_as_it_will_be_read_and_the_way_back_keeps_all(
    campaign, assembly, member
):
    other = make_mandate(assembly)
    key = f"t{campaign.templates.get().pk}"
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id, other.person_id)
    preview = visitor.fill(page, **{f"{key}-own_words": "My son takes it every day.", f"{key}-subject": "1"})
    assert preview.response.status_code == 200
    assert preview.text.count("My son takes it every day.\n\nPlease keep line 42") == 2
    assert "The last bus" in preview.text
    assert not Submission.objects.exists()
    back = visitor.send(preview.form("/write/letter/"), button="edit")
    form = back.form("/write/letter/")
    assert back.response.status_code == 200
    assert form.values(f"{key}-own_words") == ["My son takes it every day."]
    assert form.values(f"{key}-subject") == ["1"]
    assert form.values("letter_consent") == ["on"]
    assert sorted(form.values("to")) == sorted([str(member.person_id), str(other.person_id)])


def test_one_editor_for_each_template_the_chosen_people_need(campaign, assembly, member):
    senate = make_legislature(country="KE", name="Senate", chamber="upper", language="fr")
    senator = make_mandate(senate)
    french = make_template(
        campaign,
        language="fr",
        chamber="upper",
        subjects="La ligne 42",
        body="Gardez la ligne 42, s'il vous plaît.",
    )
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id, senator.person_id)
    assert "La ligne 42" in page.html
    preview = visitor.fill(page, **{f"t{french.pk}-own_subject": "Ma ligne"})
    assert {"Ma ligne", "Please keep line 42"} <= {line.strip() for line in preview.text.splitlines()}


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_no_supporter_ever_sees_braces_and_each_letter_gets_its_own_words(assembly, language):
    campaign = make_campaign(
        template={
            "subjects": "{{ supporter_place | Our town }} needs line 42",
            "body": "{{ name }}, line 42 is the last bus of {{ area | your area }}. Keep it, {{ name | please }}!",
        }
    )
    one = make_mandate(assembly, make_person(name="Achieng"), area=make_area(name="Kisumu"))
    two = make_mandate(assembly, make_person(name="Baraka"))
    visitor = Visitor(language)
    page = visitor.to_letter(campaign, one.person_id, two.person_id)
    assert "{{" not in page.text
    assert "}}" not in page.text
    assert "{{" not in str(page.form("/write/letter/").fields)
    visitor.send(visitor.fill(page).form("/write/letter/"), button="send")
    first, second = Letter.objects.order_by("pk")
    assert first.subject == second.subject == "Kisumu needs line 42"
    assert "Achieng, line 42 is the last bus of Kisumu. Keep it, Achieng!" in first.body
    assert "Baraka, line 42 is the last bus of your area. Keep it, Baraka!" in second.body
    assert (first.own_words, second.own_words) == (0, 0)


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_every_field_has_a_name_of_its_own_for_people(language):
    with translation.override(language):
        names = forms.field_names()
    assert set(names) == writing.FIELDS
    assert len(set(names.values())) == len(names)


def test_parts_the_campaign_has_locked_cannot_be_changed_by_hand(campaign, member):
    campaign.templates.update(body_editable=False, subject_editable=False)
    key = f"t{campaign.templates.get().pk}"
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id)
    preview = visitor.fill(
        page, **{f"{key}-body": "Buy my pills today, friend!", f"{key}-own_words": "pills"}
    )
    assert "pills" not in preview.text
    wrong = visitor.fill(page, **{f"{key}-subject": "own", f"{key}-own_subject": "Pills"})
    assert wrong.response.status_code == 422


def test_sending_leads_to_one_step_left_and_mails_one_link(campaign, member):
    visitor = Visitor()
    preview = visitor.fill(visitor.to_letter(campaign, member.person_id), email="ann@gmail.com")
    page = visitor.send(preview.form("/write/letter/"), button="send")
    assert "One step left" in page.text
    assert "ann@gmail.com" in page.text
    assert "https://mail.google.com/" in page.html
    assert "ann" not in page.address.lower().replace("pending", "")
    assert Delivery.objects.filter(kind="confirmation").count() == 1
    assert Letter.objects.get().status == Letter.Status.PENDING


def test_a_form_sent_twice_is_one_submission_and_a_changed_one_is_another(campaign, member):
    visitor = Visitor()
    preview = visitor.fill(visitor.to_letter(campaign, member.person_id))
    form = preview.form("/write/letter/")
    first, second = visitor.send(form, button="send"), visitor.send(form, button="send")
    assert first.address == second.address
    changed = visitor.send(form, button="send", name="Ann E. Example")
    assert changed.address != first.address
    assert Submission.objects.count() == 2


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(campaign, member):
    def answer(address: str) -> str:
        visitor = Visitor()
        page = visitor.send(
            visitor.fill(visitor.to_letter(campaign, member.person_id), email=address).form("/write/letter/"),
            button="send",
        )
        token = page.address.rstrip("/").rpartition("/")[2]
        return page.html.replace(token, "TOKEN").replace(address, "ADDRESS")

    known = make_submission(campaign)
    letters.confirm(known)
    assert answer(known.supporter.address) == answer("stranger@example.org")


def test_a_form_with_a_stale_or_foreign_token_is_sent_by_pressing_once_more(campaign, member):
    visitor = Visitor()
    form = visitor.fill(visitor.to_letter(campaign, member.person_id)).form("/write/letter/")
    for token in ("", "forged", "x" * 5000):
        again = visitor.send(form, button="send", form=token)
        assert again.response.status_code == 422
        assert "press the button once more" in again.text
    assert not Submission.objects.exists()
    assert "One step left" in visitor.send(again.form("/write/letter/"), button="send").text


def test_a_filled_trap_is_held_for_a_look_and_looks_like_any_other(campaign, member):
    visitor = Visitor()
    form = visitor.fill(visitor.to_letter(campaign, member.person_id)).form("/write/letter/")
    page = visitor.send(form, button="send", reference_2="spam")
    assert "One step left" in page.text
    assert Letter.objects.get().held_because


def test_who_came_by_a_personal_link_is_counted_for_its_owner(campaign, member):
    owner = make_submission(campaign)
    letters.confirm(owner)
    visitor = Visitor()
    start = visitor.get(f"/en/c/{campaign.slug}/?via={sharing.sealed_code(owner)}")
    choose = visitor.send(start.forms[0], country="KE")
    page = visitor.send(
        choose.form("/write/"), action=f"/en/c/{campaign.slug}/write/letter/", to=[member.person_id]
    )
    visitor.send(visitor.fill(page).form("/write/letter/"), button="send")
    newcomer = Submission.objects.exclude(pk=owner.pk).get()
    assert newcomer.referrer == owner
    assert "came by your link" not in visitor.get(f"/en/letters/{tokens.make('status', owner)}/").text
    letters.confirm(newcomer)
    assert "1 person came by your link" in visitor.get(f"/en/letters/{tokens.make('status', owner)}/").text


@pytest.mark.parametrize("code", ["", "x", "1-", "1-0000000000", "zzzzzzzzzzzzzzzz-1", "1-\x00", "١-abc"])
def test_a_made_up_personal_link_counts_for_nobody(campaign, code):
    assert sharing.came_by(campaign, code) == CameBy()


# --- size -------------------------------------------------------------------------------------------------------


def test_a_body_over_64_kilobytes_and_over_a_hundred_fields_are_refused_unread(campaign, client):
    address = f"/en/c/{campaign.slug}/write/letter/"
    urlencoded = {"content_type": "application/x-www-form-urlencoded"}
    assert client.post(address, "a=" + "x" * 66_000, **urlencoded).status_code == 413
    assert client.post(address, "&".join(f"f{n}=1" for n in range(150)), **urlencoded).status_code == 413
    assert client.post(address, {f"f{n}": "1" for n in range(150)}).status_code == 413
    assert client.get(address + "?" + "&".join(f"to={n}" for n in range(150))).status_code == 413


def test_a_page_of_a_hundred_people_stays_under_a_hundred_kilobytes_with_all_it_loads(
    campaign, assembly, checkout
):
    for _number in range(120):
        make_mandate(assembly, area=make_area(), party="An ordinary party")
    page = Visitor().choose(campaign)
    loaded = [
        "css/epistle.css",
        "js/epistle.js",
        "font/source-serif-4-latin-600-normal.woff2",
        "icons/favicon.svg",
    ]
    size = len(gzip.compress(page.html.encode())) + sum(
        len(gzip.compress((checkout / "static" / name).read_bytes())) for name in loaded
    )
    assert size < 100_000
    assert len(page.html) < 100_000


# --- afterwards -------------------------------------------------------------------------------------------------


def _confirmed(campaign, *mandates) -> Submission:
    submission = make_submission(campaign, mandates, wants_newsletter=False)
    letters.confirm(submission)
    return submission


def test_looking_at_the_confirmation_changes_nothing_and_pressing_confirms_once(campaign, member):
    visitor, submission = Visitor(), make_submission(campaign, [member])
    address = f"/en/confirm/{tokens.make('confirm', submission)}/"
    page = visitor.get(address)
    visitor.client.head(address)
    assert "Achieng Example" in page.text
    assert "Please keep line 42" in page.text
    assert Letter.objects.get().status == Letter.Status.PENDING
    for _click in range(2):
        status = visitor.send(page.forms[0])
        assert "What became of your letter" in status.text
    assert visitor.get(address).address == status.address
    assert Letter.objects.get().status == Letter.Status.CONFIRMED
    assert Consent.objects.filter(purpose="letter").count() == 1


def test_a_campaign_that_closed_meanwhile_takes_no_confirmation(campaign, member):
    submission = make_submission(campaign, [member])
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    for method in ("get", "post"):
        answer = getattr(Visitor().client, method)(
            f"/en/confirm/{tokens.make('confirm', submission)}/", follow=True
        )
        assert "This campaign has ended" in answer.content.decode()
    assert Letter.objects.get().status == Letter.Status.PENDING


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_a_dead_link_names_the_mail_to_look_for_by_its_real_subject(language, outbox):
    make_letter(language=language)
    [copy] = outbox.deliver()
    page = Visitor(language).get(f"/{language}/letters/x/")
    assert copy.subject.replace("Keep line 42", "…") in " ".join(page.text.split())


@pytest.mark.parametrize("page", ["confirm/{}/", "letters/{}/", "pending/{}/", "not-me/{}/", "report/{}/1/"])
@pytest.mark.parametrize("token", ["x", "1-AAAAAAAAAAAAAAAAAAAAAAAA", "9" * 300, "%00"])
def test_an_unknown_link_is_one_page_with_one_next_step(page, token):
    found = Visitor().get(f"/en/{page.format(token)}")
    assert found.response.status_code == 404
    assert "This link leads nowhere any more" in found.text
    assert found.html.count('class="button"') == 1


@pytest.mark.parametrize("purpose", ["status", "pending", "not-me", "report"])
def test_a_token_of_one_purpose_opens_no_other_page(campaign, member, purpose):
    submission = _confirmed(campaign, member)
    answer = Visitor().client.post(f"/en/confirm/{tokens.make(purpose, submission)}/")
    assert answer.status_code == 404


def test_pages_behind_a_token_are_kept_by_nobody_and_tell_nobody(campaign, member):
    submission, waiting = _confirmed(campaign, member), make_submission(campaign)
    for page, purpose, of in (
        ("letters", "status", submission),
        ("confirm", "confirm", waiting),
        ("pending", "pending", waiting),
        ("not-me", "not-me", waiting),
    ):
        answer = Visitor().client.get(f"/en/{page}/{tokens.make(purpose, of)}/")
        assert answer.status_code == 200, page
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
    answer = Visitor().client.get(_report_address(submission.letters.get()))
    assert "no-store" in answer["Cache-Control"]


def test_sending_again_says_honestly_when_it_will_be_possible(campaign, member):
    submission = make_submission(campaign, [member])
    visitor = Visitor()
    page = visitor.get(f"/en/pending/{tokens.make('pending', submission)}/")
    again = visitor.send(page.form("/again/"))
    assert again.address.endswith("?again=later")
    assert "possible again from" in again.text
    assert "<time" in again.html
    assert Delivery.objects.filter(kind="confirmation").count() == 1


def test_one_step_left_says_the_same_whether_a_mail_could_be_queued_or_not(campaign, member):
    address = unique_address()
    pages = []
    for _number in range(3):
        submission = make_submission(campaign, [member], address=address)
        page = Visitor().get(f"/en/pending/{tokens.make('pending', submission)}/")
        pages.append(page.text)
    assert Delivery.objects.filter(kind="confirmation").count() == 2
    assert len(set(pages)) == 1
    assert "We have written" not in pages[0]
    assert "at most one such mail an hour and two a day" in pages[0]


def test_a_mistyped_address_is_corrected_and_the_old_link_is_dead(campaign, member):
    submission = make_submission(campaign, [member])
    old = tokens.make("confirm", submission)
    visitor = Visitor()
    page = visitor.get(f"/en/pending/{tokens.make('pending', submission)}/")
    wrong = visitor.send(page.form("/correct/"), email="ann@")
    assert wrong.response.status_code == 422
    assert 'id="id_email_error"' in wrong.html
    right = visitor.send(page.form("/correct/"), email="ann.right@example.org")
    assert "ann.right@example.org" in right.text
    assert visitor.get(f"/en/confirm/{old}/").response.status_code == 404


def test_the_corrections_end_with_a_clear_word(campaign, member):
    submission = make_submission(campaign, [member])
    visitor = Visitor()
    page = visitor.get(f"/en/pending/{tokens.make('pending', submission)}/")
    for number in range(3):
        page = visitor.send(page.form("/correct/"), email=f"right{number}@example.org")
    assert visitor.send(page.form("/correct/"), email="more@example.org").response.status_code == 422


def test_not_me_asks_first_and_then_stops_the_mails(campaign, member):
    submission = make_submission(campaign, [member])
    visitor = Visitor()
    page = visitor.get(f"/en/not-me/{tokens.make('not-me', submission)}/")
    assert Letter.objects.get().status == Letter.Status.PENDING
    assert "Nothing goes out in your name" in visitor.send(page.forms[0]).text
    assert Letter.objects.get().status == Letter.Status.WITHDRAWN
    assert visitor.get(f"/en/confirm/{tokens.make('confirm', submission)}/").response.status_code == 404


def _report_address(letter: Letter) -> str:
    return links.report(letter).removeprefix(settings.SITE_URL)


def test_an_office_reports_abuse_and_the_writers_other_letters_wait_for_a_person(campaign, assembly, member):
    submission = _confirmed(campaign, member, make_mandate(assembly))
    reported, other = submission.letters.order_by("pk")
    visitor = Visitor()
    page = visitor.get(_report_address(reported))
    assert not Report.objects.exists()
    assert visitor.send(page.forms[0]).response.status_code == 422
    for _press in range(2):
        done = visitor.send(page.forms[0], kind="abuse", words="Threats.")
        assert "held until a person has looked" in done.text
    assert Report.objects.get().letter == reported
    other.refresh_from_db()
    assert other.status == Letter.Status.WITHHELD


def test_a_report_holds_the_writers_letters_of_other_campaigns_until_somebody_has_dealt_with_it(
    campaign, member
):
    address = unique_address("ann")
    first, elsewhere = make_campaign(), make_campaign()
    reported = make_letter(first, member, address=address)
    waiting = make_letter(elsewhere, member, address=address)
    assert reports.file(reported, "abuse")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.slot) == (Letter.Status.WITHHELD, None)
    assert make_letter(campaign, member, address=address).status == Letter.Status.WITHHELD
    assert make_letter(campaign, member).status == Letter.Status.CONFIRMED
    assert reports.handle(Report.objects.get(), User.objects.create_user("staff"))
    assert make_letter(campaign, address=address).status == Letter.Status.CONFIRMED


def test_an_office_that_wants_no_letters_gets_none_that_still_waits(campaign, member):
    letter, waiting = _confirmed(campaign, member).letters.get(), _confirmed(campaign, member).letters.get()
    visitor = Visitor()
    visitor.send(visitor.get(_report_address(letter)).forms[0], kind="no_letters")
    waiting.refresh_from_db()
    assert waiting.status == Letter.Status.WITHHELD
    later = _confirmed(campaign, member).letters.get()
    assert (later.status, later.held_because) == (waiting.status, waiting.held_because)
    assert make_letter(campaign).status == Letter.Status.CONFIRMED


def test_a_report_link_speaks_of_its_own_submissions_letters_only(campaign, member):
    mine, other = _confirmed(campaign, member), _confirmed(campaign, member)
    address = f"/en/report/{tokens.make('report', mine)}/{other.letters.get().pk}/"
    assert Visitor().get(address).response.status_code == 404
