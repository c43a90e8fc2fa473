"""Column names in many languages, and mappings kept for the next file."""

from __future__ import annotations

import pytest

from contacts import import_traces
from contacts.imports import columns, words
from contacts.imports.cleaning.words import REASONS, WARNINGS
from contacts.imports.reading.bounds import FILE_ERRORS
from tests.contacts.imports.reading import read


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "E-Mail",
        "Email Address",
        "E-mail-adresse",
        "Courriel",
        "Adresse électronique",
        "Correo electrónico",
        "Эл. почта",
        "البريد الإلكتروني",
        "メールアドレス",
        "电子邮件",
        "이메일",
        "ईमेल",
        "Sähköposti",
        "e_posta",
        "ΗΛΕΚΤΡΟΝΙΚΗ ΔΙΕΥΘΥΝΣΗ",
    ],
)
def test_a_column_of_addresses_is_known_in_many_languages(name):
    assert columns.field_of(name) == "address"


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            ["Email Address", "First Name", "Last Name", "OPTIN_TIME", "CC"],
            ["address", "first_name", "last_name", "consent_at", "country"],
        ),
        (["Nom", "Prénom", "Courriel"], ["last_name", "first_name", "address"]),
        (["Name", "Vorname", "E-Mail"], ["last_name", "first_name", "address"]),
        (["Nombre", "Apellidos", "Correo"], ["first_name", "last_name", "address"]),
        (["Name", "E-Mail"], ["name", "address"]),
        (["Эл. почта", "Имя", "Фамилия"], ["address", "first_name", "last_name"]),
        (["email", "Email", "Phone"], ["address", "", ""]),
        (["State", "Estado", "email"], ["", "", "address"]),
        (["email", "can2_subscription_status", "can2_user_tags"], ["address", "status", "tags"]),
        (["Email", "Email Opt Out"], ["address", "unsubscribed_at"]),
        (["EMAIL", "BLACKLISTED"], ["address", "do_not_contact"]),
        (["Email", "Unsubscribed from all email"], ["address", "unsubscribed_at"]),
        (
            ["email", "email_opt_in", "email1_is_bad", "do_not_contact", "unsubscribed_at"],
            ["address", "consent", "bounced_at", "do_not_contact", "unsubscribed_at"],
        ),
        (
            ["Email", "On Hold", "Do Not Email", "No Bulk Emails (User Opt Out)", "Do Not Mail"],
            ["address", "bounced_at", "do_not_contact", "unsubscribed_at", ""],
        ),
    ],
)
def test_headers_are_matched_to_fields_and_a_field_is_given_once(headers, fields):
    assert columns.match(headers) == fields


def test_every_field_is_known_by_its_own_name_so_that_our_export_can_be_imported():
    # A column called "address" may hold streets: it is known by what stands in it (test_reading_detection).
    assert columns.match(columns.FIELDS[1:]) == list(columns.FIELDS[1:])
    assert columns.field_of("attribute:city") == "attribute:city"


def test_a_mapping_kept_of_one_file_matches_the_next_whatever_its_order():
    mapping = columns.mapping_of(["Kontakt", "Ort", "Egal"], ["address", "attribute:city", ""])
    assert mapping == {"kontakt": "address", "ort": "attribute:city"}
    assert columns.apply_mapping(["Ort", "Neu", "KONTAKT "], mapping) == ["attribute:city", "", "address"]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("Größe, XL", "grosse_xl"),
        ("City", "city"),
        ("2nd choice", "a_2nd_choice"),
        ("Город", ""),
        ("x" * 80, "x" * 50),
    ],
)
def test_a_column_name_becomes_the_key_of_an_attribute(header, key):
    assert columns.attribute_key(header) == key


def test_every_word_that_an_import_can_say_has_words_for_people():
    assert set(words.REASONS) >= set(REASONS)
    assert set(words.WARNINGS) >= set(WARNINGS)
    assert set(words.PROBLEMS) >= set(FILE_ERRORS)
    assert set(words.FIELDS) >= set(columns.FIELDS)


def test_the_note_that_a_file_went_by_an_erasure_is_told_like_any_other():
    [told] = words.note_texts([import_traces.NOTE])
    assert "was erased" in told


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("I agree to receive emails", "consent"),
        ("Would you like our newsletter?", "consent"),
        ("Opt-in", "consent"),
        ("Ich möchte den Rundbrief bekommen", "consent"),
        ("J'accepte de recevoir l'infolettre", "consent"),
        ("구독", "consent"),
        ("هل توافق على النشرة؟", "consent"),
        ("Please do not send me the newsletter", "unsubscribed_at"),
        ("Newsletter opt out", "unsubscribed_at"),
        ("Keinen Rundbrief", "unsubscribed_at"),
        ("Je ne veux pas d'infolettre", "unsubscribed_at"),
        ("Favourite colour", ""),
    ],
)
def test_a_question_of_consent_is_known_and_so_is_its_opposite(header, field):
    assert columns.question_of(header) == field


def test_nobody_who_answered_no_to_a_question_is_put_on_the_list_by_the_consent_of_the_others(tmp_path):
    file = tmp_path / "form.csv"
    file.write_text(
        "email,Would you like our newsletter?,Please do not phone or send mailing-list mail\n"
        "a@example.org,Yes,No\nb@example.org,No,No\nc@example.org,Yes,Yes\n"
    )
    standings = [row["standing"] for row in read(file).kept]
    assert standings == ["", "no_consent", "unsubscribed"]
