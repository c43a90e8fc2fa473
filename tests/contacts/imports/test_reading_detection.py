"""What is found out about a file, and how sure we say we are."""

from __future__ import annotations

from pathlib import Path

import pytest

from contacts.imports.plan import ReadOptions
from contacts.imports.reading import detecting, encodings, formats
from contacts.imports.reading.bounds import FileRefused
from contacts.imports.reading.detecting import Header
from tests.contacts.imports.reading import read

# Names and towns as a list of members has them.
SAMPLES = {
    "cp1252": "Müller;Köln\nLefèvre;Besançon\nNúñez;Málaga\nSørensen;Århus\nStraße;Gießen\nGonçalves;São Paulo",
    "cp1250": "Dvořák;Ústí nad Labem\nŻółkiewski;Łódź\nNovák;Plzeň\nŁukasz;Kraków\nJiří;Třebíč\nZdeněk;Mělník",
    "cp1251": "Быков;Долинск\nСергеев;Уренгой\nПетрова;Санкт-Петербург\nИванов;Москва",
    "cp1253": "Παπαδόπουλος;Αθήνα\nΝικολάου;Θεσσαλονίκη\nΓεωργίου;Πάτρα",
    "cp1255": "כהן;ירושלים\nלוי;תל אביב\nמזרחי;חיפה",
    "cp1256": "محمد;القاهرة\nفاطمة;الإسكندرية\nيوسف;بيروت",
    "cp932": "佐藤;東京\n鈴木;おおさか\nたなか;カナガワ\n高橋;よこはま",
    "gb18030": "王伟;北京\n李娜;上海\n张敏;广州\n刘洋;深圳",
    "big5": "陳怡君;臺北\n林志明;高雄\n張淑芬;臺中",
    "euc_kr": "김영수;서울\n이지은;부산\n박민수;대구",
    "koi8_r": "Быков;Долинск\nСергеев;Уренгой\nПетрова;Санкт-Петербург\nИванов;Москва",
}


@pytest.fixture
def saved(tmp_path: Path):
    def save(data: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(data)
        return path

    return save


@pytest.mark.parametrize("encoding", SAMPLES)
def test_the_encoding_a_text_was_written_in_is_the_first_guess_and_never_called_certain(saved, encoding):
    guess = detecting.encoding_of(saved(SAMPLES[encoding].encode(encoding)))
    assert guess.encoding == encoding
    assert not guess.certain
    assert len(guess.alternatives) >= 5
    assert encoding not in guess.alternatives


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("cp850", "Müller;Köln\nLefèvre;Besançon"), ("mac_roman", "Müller;Köln\nÉlodie;Besançon")],
)
def test_rarer_encodings_are_among_those_a_person_is_shown(encoding, written):
    assert encoding in encodings.likely(written.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_marked_or_utf8_file_is_certain(saved, encoding):
    assert detecting.encoding_of(saved("имя;ö\n".encode(encoding))).certain


def test_utf16_without_a_mark_is_found_and_shown_for_checking(saved):
    guess = detecting.encoding_of(saved("email,name\na@example.org,Ana\n".encode("utf-16-be")))
    assert (guess.encoding, guess.certain) == ("utf-16-be", False)


def test_single_bytes_of_dirt_do_not_turn_a_utf8_file_into_another_encoding(saved):
    guess = detecting.encoding_of(saved("Łódź;Żółw\n".encode() * 20 + b"Zo\xeb\n"))
    assert (guess.encoding, guess.certain) == ("utf-8", False)


def test_a_utf8_letter_across_the_border_of_two_pieces_is_no_dirt(saved, monkeypatch):
    monkeypatch.setattr(detecting, "_PIECE", 7)
    assert detecting.encoding_of(saved("aaaaaaéééééé😀😀\n".encode())) == detecting.Guess("utf-8")


def test_a_person_sees_the_rows_of_a_guessed_file_in_every_encoding_that_comes_into_question(saved):
    text = "Эл. почта;Имя\na@example.org;Глеб\n"
    preview = read(saved(text.encode("cp1251"))).preview
    assert preview is not None
    rows = {reading.encoding: reading.rows for reading in preview.readings}
    assert rows["cp1251"][1] == ["a@example.org", "Глеб"]
    assert rows["cp1252"][1] == ["a@example.org", "Ãëåá"]


def test_an_encoding_that_a_person_chose_is_obeyed(saved):
    found = read(saved("email;name\na@example.org;Глеб\n".encode("cp1251")), ReadOptions(encoding="cp1252"))
    assert found.kept[0]["name"] == "Ãëåá"


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("email,name\na,b\n", ","),
        ("email;amount\na;53,5\nb;1,5\n", ";"),
        ("email\tname\na\tSmith, J\n", "\t"),
        ("email|name|street\na|Szabó, Imre|Kossuth utca, 1.\n", "|"),
        ('email,note\na,"one; two; three; four"\nb,"x; y; z; w"\n', ","),
        ("email\na@example.org\nb@example.org\n", ""),
        ("sep=;\nemail;name\n", ";"),
        ("name,email\rA,a@example.org\r", ","),
        ("email,name,city\na,A\nb,B,Bonn,slipped\nc\n", ","),
        ("email\nA, B and others\nb@example.org\nc@example.org\n", ""),
    ],
)
def test_the_separator_is_the_sign_between_cells_and_not_one_inside_them(text, separator):
    assert detecting.separator_of_text(text) == separator


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["email", "name"], ["a@example.org", "A"]], Header(0)),
        ([["Members 2024"], ["as of May"], ["Name", "E-Mail"], ["A", "a@example.org"]], Header(2)),
        ([["a@example.org", "A"], ["b@example.org", "B"]], Header(None, people_begin=True)),
        ([["Kontakt", "Vorname", "Ort"], ["a@example.org", "A", "X"]], Header(0)),
        ([["Our list"], ["who", "first name"], ["a@example.org", "A"]], Header(1)),
    ],
)
def test_the_row_of_names_is_found_under_titles_and_missed_where_there_is_none(rows, header):
    assert detecting.header_of(rows) == header


def test_a_column_of_addresses_is_found_though_its_name_says_nothing(saved):
    found = read(saved(b"Kontakt,Vorname\na@example.org,A\nb@example.org,B\n"))
    assert [row["address"] for row in found.kept] == ["a@example.org", "b@example.org"]


def test_a_column_called_address_is_one_of_mail_only_if_mail_stands_in_it(saved):
    found = read(saved(b"address,name\nHigh Street 1,A\n"))
    assert found.problem == "no_email_column"
    found = read(saved(b"address,name\na@example.org,A\n"))
    assert [row["address"] for row in found.kept] == ["a@example.org"]


def test_names_without_any_address_are_refused_as_such(saved):
    assert read(saved(b"name\nEve\n")).problem == "no_email_column"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty_file"),
        (b"%PDF-1.7\n", "unsupported_format"),
        (b"{\\rtf1", "unsupported_format"),
        (b"<html><table><tr><td>email</td></tr></table>", "unsupported_format"),
        (b"\x1f\x8b\x08\x00", "unsupported_format"),
        (bytes(range(32)) * 10, "unsupported_format"),
        (b"PK\x03\x04 and no archive", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "unsupported_format"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_its_content(saved, data, word):
    assert read(saved(data)).problem == word


def test_a_file_is_known_by_its_bytes_and_not_by_its_name(saved):
    assert formats.of_file(saved(b"email\na@example.org\n")) == "csv"
    with pytest.raises(FileRefused):
        formats.of_file(saved(b"\x89PNG\r\n\x1a\n"))
