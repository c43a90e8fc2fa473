"""What is told of an import: the line of each row, a file to correct, and nothing private in a log."""

from __future__ import annotations

import csv
import io
import logging

import pytest

from contacts.imports import merging, reporting, running
from contacts.models import Contact, Import
from tests.contacts.imports.hands import brought, checked, counts, receive, undone, work
from tests.factories import make_contact

pytestmark = pytest.mark.django_db
TEXT = (
    "email,name,note\n"
    "ann@example.org,Ann,\n"
    "known@example.org,New,\n"
    "same@example.org,Same,\n"
    "not an address,=2+2,+49 123\n"
    "ANN@example.org,Other,\n"
    "ben@example.org,Ben,\n"
)


def rows_of(pieces: object) -> list[list[str]]:
    text = "".join(pieces)  # type: ignore[arg-type]
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def some_import() -> Import:
    make_contact("known@example.org", name="Old")
    return brought(TEXT)


def test_every_row_of_the_file_has_its_line_in_the_result():
    run = some_import()
    found = [(row.line, row.result, row.reason) for row in reporting.results(run)]
    assert found == [
        (2, "created", ""),
        (3, "updated", ""),
        (4, "created", ""),
        (5, "rejected", "invalid"),
        (6, "duplicate", "2"),
        (7, "created", ""),
    ]
    assert len(rows_of(reporting.result_file(run))) == 1 + run.rows


def test_the_result_says_whether_a_person_may_be_mailed_only_of_rows_that_are_one():
    run = brought(
        "email,status,country\na@example.org,,Utopia\nb@example.org,no,\nA@example.org,,\nnobody,,\n"
    )
    _head, *rows = rows_of(reporting.result_file(run))
    assert [row[4] for row in rows] == ["yes", "no", "", ""]


def test_rows_of_batches_that_have_not_run_are_told_as_waiting():
    run = checked(TEXT)
    assert [row.result for row in reporting.results(run)].count("waiting") == 4
    running.begin_run(run, ring=False)
    merging.Merger(run).merge_next()
    assert [row.result for row in reporting.results(run)].count("waiting") == 0


def test_an_undone_import_says_so_line_by_line():
    run = undone(some_import())
    assert {row.result for row in reporting.results(run)} == {"undone", "rejected", "duplicate"}


def test_rejected_rows_come_back_with_line_reason_and_cells_and_run_no_formula():
    head, row = rows_of(reporting.rejected_file(some_import()))
    assert head[2:] == ["email", "name", "note"]
    assert row == ["5", "not an e-mail address", "not an address", "'=2+2", "'+49 123"]


def test_the_corrected_file_of_rejected_rows_can_be_dropped_in_again():
    head, row = rows_of(reporting.rejected_file(some_import()))
    row[2] = "cem@example.org"
    text = io.StringIO()
    csv.writer(text).writerows([head, row])
    run = brought("\ufeff" + text.getvalue())
    assert counts(run) == {"rows": 1, "created": 1}
    assert Contact.objects.filter(address_key="cem@example.org").exists()


def test_the_rejected_rows_of_a_file_without_a_heading_come_back_with_the_names_of_our_fields():
    run = receive("ann@example.org,Ann\nnobody,Nobody\n", options={"header": False})
    run.columns = ["address", "name"]
    run.save()
    running.begin_check(run, ring=False)
    head, _row = rows_of(reporting.rejected_file(work(run)))
    assert head[2:] == ["address", "name"]


def test_a_row_with_more_cells_than_columns_is_rejected_again_until_it_is_put_right():
    run = brought("email,name\nann@example.org,Ann,Example\n")
    _head, row = rows_of(reporting.rejected_file(run))
    assert row[2:] == ["ann@example.org", "Ann", "Example"]


@pytest.mark.django_db(transaction=True)  # pace is told by the times of transactions
def test_progress_tells_pace_and_what_is_left():
    rows = "".join(f"person{number}@example.org\n" for number in range(2_500))
    run = checked(f"email\n{rows}", mode=Import.Mode.SUPPRESS, consent_text="")
    running.begin_run(run, ring=False)
    before = reporting.progress(run)
    assert (before.step, before.done, before.total, before.percent, before.seconds_left) == (
        "running",
        0,
        2_500,
        0,
        None,
    )
    merging.Merger(run).merge_next()
    after = reporting.progress(run)
    assert 0 < after.done < after.total
    assert after.rate > 0
    assert after.seconds_left is not None


def test_an_import_writes_nobody_into_the_log(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        undone(some_import())
    own = [record for record in caplog.records if not record.name.startswith("django.db")]
    for record in own:
        said = f"{record.getMessage()} {record.__dict__}"
        assert "example.org" not in said
        assert "Ann" not in said
