"""The words of an import in the reader's tongue: what is wrong and what would be right.

The rows keep short words of closed lists (`missing`, `too_large` …); every place that shows one to a person asks
here: the pages, the files that are downloaded, the command, the mail. An unknown word is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from contacts.imports.columns import ATTRIBUTE


class Saying(NamedTuple):
    """A few words for a table, and a sentence on what would be right. Both lazy: shown in the reader's tongue."""

    short: Any
    remedy: Any


REASONS: dict[str, Saying] = {
    "missing": Saying(
        _("no address"), _("The cell of the address is empty. Fill it in, or leave the row out.")
    ),
    "invalid": Saying(
        _("not an e-mail address"),
        _("Mail cannot be sent to what stands there. An address looks like name@example.org."),
    ),
    "multiple": Saying(
        _("several addresses in one cell"), _("One row is one person: put each address on a row of its own.")
    ),
    "column_count": Saying(
        _("more cells than columns"),
        _("The row has slipped, often by a separator inside a text. Put that text into quotation marks."),
    ),
    "too_long": Saying(
        _("a text that is too long"),
        _("A name has at most 200 characters. Something else seems to stand in this cell."),
    ),
    "control_character": Saying(
        _("an invisible character that cannot be stored"),
        _("A NUL character stands in the row, often after a fault of another program. Type the cell again."),
    ),
    "undecodable": Saying(
        _("characters that cannot be read"),
        _("They do not belong to the encoding of the file. Choose another encoding in step 2."),
    ),
    "unclosed_quote": Saying(
        _("a quotation mark that is never closed"),
        _("It swallows the lines after it. Close the quotation mark, or write it twice."),
    ),
}

PROBLEMS: dict[str, Saying] = {
    "empty_file": Saying(_("The file is empty."), _("Save it again in the program it comes from.")),
    "no_rows": Saying(
        _("The file has a heading and no rows."),
        _("Did you choose the right sheet, or export an empty list?"),
    ),
    "no_header": Saying(
        _("The first line is a person, not a heading."),
        _("Say that the file has no heading; then no person is lost."),
    ),
    "no_email_column": Saying(
        _("No column holds e-mail addresses."), _("Say in step 2 which column it is, or choose another file.")
    ),
    "unsupported_format": Saying(
        _("This is neither a table nor a text file."),
        _(
            "Save it as CSV or as an Excel workbook (.xlsx). The ending of its name alone does not make it one."
        ),
    ),
    "too_large": Saying(
        _("The file is too large."), _("Cut it into smaller files and import them one by one.")
    ),
    "too_many_rows": Saying(
        _("The file has too many rows."), _("Cut it into smaller files and import them one by one.")
    ),
    "too_many_columns": Saying(
        _("The file has too many columns."), _("Take away the columns that are not needed.")
    ),
    "too_slow": Saying(
        _("Reading the file took too long."),
        _("It may be damaged, or built to keep us busy. Save it as CSV and bring it again."),
    ),
    "too_much_memory": Saying(
        _("Reading the file needed too much memory."),
        _("It unpacks to far more than it seems to hold. Save it as CSV and bring it again."),
    ),
    "damaged": Saying(
        _("The file is damaged."), _("Open it in the program it comes from and save it once more.")
    ),
}

FIELDS: dict[str, Any] = {
    "": _("leave it out"),
    "address": _("e-mail address"),
    "name": _("whole name"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "country": _("country"),
    "language": _("language"),
    "time_zone": _("time zone"),
    "status": _("status (subscribed, unsubscribed …)"),
    "consent": _("consent (yes or no)"),
    "consent_at": _("when they agreed"),
    "consent_ip": _("IP address when they agreed"),
    "confirmed_at": _("when they confirmed"),
    "confirmed_ip": _("IP address when they confirmed"),
    "unsubscribed_at": _("unsubscribed (when, or yes or no)"),
    "bounced_at": _("the address bounced (when, or yes or no)"),
    "do_not_contact": _("must not be written to (yes or no)"),
    "attributes": _("attributes as JSON"),
    "tags": _("tags"),
}

STANDINGS: dict[str, Any] = {
    "": _("may be mailed"),
    "unsubscribed": _("unsubscribed"),
    "pending": _("never confirmed"),
    "unconfirmed": _("never confirmed"),
    "no_consent": _("no consent"),
    "disabled": _("switched off"),
    "bounced": _("bounced"),
    "complained": _("reported our mail as spam"),
    "do_not_contact": _("do not contact"),
    "erased": _("asked to be erased"),
    "left_all": _("left everything"),
}

SUBSCRIPTIONS: dict[str, Any] = {
    "pending": _("not yet confirmed"),
    "confirmed": _("subscribed"),
    "unsubscribed": _("unsubscribed"),
}

ENCODINGS: dict[str, Any] = {
    "utf-8": _("UTF-8 (all scripts)"),
    "utf-16-le": _("UTF-16 (Excel “Unicode text”)"),
    "utf-16-be": _("UTF-16, big end first"),
    "cp1252": _("Western European (Windows-1252)"),
    "cp1250": _("Central European (Windows-1250)"),
    "cp1251": _("Cyrillic (Windows-1251)"),
    "cp1253": _("Greek (Windows-1253)"),
    "cp1254": _("Turkish (Windows-1254)"),
    "cp1255": _("Hebrew (Windows-1255)"),
    "cp1256": _("Arabic (Windows-1256)"),
    "cp1257": _("Baltic (Windows-1257)"),
    "iso8859_2": _("Central European (ISO 8859-2)"),
    "koi8_r": _("Cyrillic (KOI8-R)"),
    "mac_roman": _("Western European (old Macintosh)"),
    "cp850": _("Western European (MS-DOS)"),
    "cp932": _("Japanese (Shift-JIS)"),
    "euc_jp": _("Japanese (EUC-JP)"),
    "euc_kr": _("Korean (EUC-KR)"),
    "gb18030": _("Chinese, simplified (GB 18030)"),
    "big5": _("Chinese, traditional (Big5)"),
}

SEPARATORS: dict[str, Any] = {
    ",": _("comma ,"),
    ";": _("semicolon ;"),
    "\t": _("tab"),
    "|": _("upright stroke |"),
}

DATE_ORDERS: dict[str, Any] = {
    "dmy": _("3 April (day first)"),
    "mdy": _("4 March (month first)"),
}

SOURCES: dict[str, Any] = {
    "mailchimp": _("This is an export of Mailchimp: its columns are matched."),
    "listmonk": _("This is a file of listmonk: its columns are matched."),
    "epistle": _("This is an export of this service: its columns are matched."),
}

WARNINGS: dict[str, Any] = {
    "control_character": _("An invisible character was taken out of a text."),
    "line_break": _("A line break in a name was made a blank."),
    "looks_garbled": _("A text looks as if it had been read with a wrong encoding before it came to us."),
    "letters_lost": _("A question mark stands where a letter was lost before the file came to us."),
    "html_entities": _("A text holds codes of web pages, such as &amp;."),
    "unknown_country": _("A country was not understood and is left out."),
    "unknown_language": _("A language was not understood and is left out."),
    "unknown_time_zone": _("A time zone was not understood and is left out."),
    "unknown_status": _("A status was not understood: this person is not mailed."),
    "unclear_consent": _("It is not clear whether this person agreed: they are not mailed."),
    "not_a_date": _("What should be a date is none and is left out."),
    "ambiguous_date": _("Day and month of a date can be mistaken for one another: it is left out."),
    "not_a_number": _("What should be a number is none and is left out."),
    "not_yes_or_no": _("What should be yes or no is neither and is left out."),
    "broken_attributes": _("The attributes are no JSON object and are left out."),
    "too_many_tags": _("There are more tags than we keep."),
    "kept_as_known": _(
        "Other lists know this person, too: what is known of them stays, and only what was missing is filled in."
    ),
    # of the file as a whole
    "person_erased": _(
        "Somebody in this file was erased since, so we no longer keep the file. To read it anew, bring it again."
    ),
}


def reason_text(word: str) -> str:
    """Why a row was rejected, in a few words."""
    return str(REASONS[word].short) if word in REASONS else word


def reason_remedy(word: str) -> str:
    """What would make the row right; empty for an unknown word."""
    return str(REASONS[word].remedy) if word in REASONS else ""


def problem_text(word: str) -> str:
    """Why a whole file was refused, and what to do."""
    return f"{PROBLEMS[word].short} {PROBLEMS[word].remedy}" if word in PROBLEMS else word


def warning_text(word: str) -> str:
    """What a row that was taken is worth a look for."""
    return str(WARNINGS.get(word, word))


def note_texts(notes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The remarks on a file as a whole, the columns that are left out in one sentence."""
    left_out = [str(note.get("header", "")) for note in notes if note.get("word") == "column_left_out"]
    found = [note_text(note) for note in notes if note.get("word") != "column_left_out"]
    named = ", ".join(f"“{header}”" for header in left_out if header)
    if named:
        found.append(gettext("These columns are left out: %(headers)s.") % {"headers": named})
    return found


def note_text(note: Mapping[str, Any]) -> str:
    """A remark on the file as a whole, as the reader process, the check and an erasure make it."""
    match note.get("word"):
        case "lines_not_read":
            text = gettext(
                "Lines %(first)s to %(last)s were not read: a quotation mark before them swallows them."
            )
        case "encoding_guessed":
            text = gettext("The encoding of the file was guessed: %(encoding)s.")
            note = {**note, "encoding": ENCODINGS.get(note.get("encoding", ""), note.get("encoding"))}
        case "second_address_column":
            text = gettext("“%(header)s” holds a second address. It is not imported as a person of its own.")
        case "rows_warned":
            rows = int(note.get("rows", 0))
            text = ngettext("%(shown)s row: %(warning)s", "%(shown)s rows: %(warning)s", rows)
            note = {"shown": number_format(rows), "warning": warning_text(str(note.get("warning")))}
        case word:
            return warning_text(str(word))
    return text % note


def field_label(field: str) -> str:
    """What a column was matched to; an attribute of ours by its key."""
    if field == "subscription":
        return gettext("on the list")
    if field.startswith(ATTRIBUTE):
        return gettext("attribute %(key)s") % {"key": field.removeprefix(ATTRIBUTE)}
    return str(FIELDS.get(field, field))


def value_text(field: str, value: Any) -> str:
    """A value of a person as a table shows it; empty for none."""
    if value is None:
        return ""
    if field == "subscription":
        return str(SUBSCRIPTIONS.get(value, value))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def time_left(seconds: float | None) -> str:
    """About how long something still takes, in the unit a person would say it in; empty where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        count = max(1, round(seconds))
        return ngettext("about %(count)d second left", "about %(count)d seconds left", count) % {
            "count": count
        }
    if seconds < 90 * 60:
        count = round(seconds / 60)
        return ngettext("about %(count)d minute left", "about %(count)d minutes left", count) % {
            "count": count
        }
    count = round(seconds / 3600)
    return ngettext("about %(count)d hour left", "about %(count)d hours left", count) % {"count": count}


def tone(status: str) -> str:
    """How a state is marked at the desk: good, warn, bad, wait, or empty."""
    return {
        "done": "good",
        "checked": "warn",
        "uploaded": "warn",
        "stopped": "warn",
        "failed": "bad",
        "checking": "wait",
        "running": "wait",
        "undoing": "wait",
    }.get(status, "")
