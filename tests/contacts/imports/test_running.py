"""Stopping, going on, giving up, and two people clicking at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.models.functions import Now

from contacts.imports import merging, running, uploading
from contacts.models import Contact, Import, ImportBatch, ImportChunk, ImportRow
from contacts.signals import import_settled
from tests.contacts.imports.hands import brought, checked, counts, receive, work
from tests.factories import make_mailing_list

pytestmark = pytest.mark.django_db
Status = Import.Status
THREE_BATCHES = "email\n" + "".join(f"person{number}@example.org\n" for number in range(2_500))


def three_batches(**fields: object) -> Import:
    """A checked import whose rows are merged in three transactions."""
    return checked(THREE_BATCHES, mode=Import.Mode.SUPPRESS, consent_text="", **fields)


def merge_one(run: Import) -> None:
    assert merging.Merger(run).merge_next()


def test_a_second_click_begins_nothing():
    run = receive("email\nann@example.org\n")
    assert running.begin_check(run, ring=False)
    assert not running.begin_check(run, ring=False)
    work(run)
    assert running.begin_run(run, ring=False)
    assert not running.begin_run(run, ring=False)
    work(run)
    assert running.undo(run, ring=False)
    assert not running.undo(run, ring=False)
    work(run)
    assert not running.discard(run)
    assert run.status == Status.UNDONE


def test_an_import_that_was_not_checked_cannot_run():
    run = receive("email\nann@example.org\n")
    assert not running.begin_run(run, ring=False)
    assert not Contact.objects.exists()


def test_a_stopped_import_goes_on_where_it_was():
    run = three_batches()
    running.begin_run(run, ring=False)
    merge_one(run)
    assert running.stop(run)
    assert not running.stop(run)
    assert not running.work(run.pk)
    assert not merging.Merger(run).merge_next()
    assert ImportBatch.objects.exclude(done_at=None).count() == 1
    assert running.resume(run, ring=False)
    work(run)
    assert run.status == Status.DONE
    assert counts(run) == {"rows": 2_500, "created": 2_500, "suppressed": 2_500}


def test_a_stopped_check_goes_back_to_its_beginning():
    run = receive("email\nann@example.org\n")
    running.begin_check(run, ring=False)
    assert running.stop(run)
    assert run.status == Status.UPLOADED
    assert run.chunks.exists()


def test_a_check_that_is_repeated_forgets_the_first_one():
    run = checked("email,name\nann@example.org,Ann\nnobody,Nobody\n")
    run.columns = ["address", ""]
    run.save(update_fields=["columns"])
    assert running.begin_check(run, ring=False)
    work(run)
    assert run.status == Status.CHECKED
    assert run.staged.count() == 2
    assert run.staged.get(line=2).name == ""


def test_a_discarded_import_loses_its_file_and_its_rows():
    run = checked("email\nann@example.org\n")
    assert running.discard(run)
    work(run)
    assert not ImportChunk.objects.exists()
    assert not ImportRow.objects.exists()


def test_a_stopped_import_that_is_discarded_keeps_the_report_of_what_it_did():
    run = three_batches()
    running.begin_run(run, ring=False)
    merge_one(run)
    running.stop(run)
    running.discard(run)
    work(run)
    assert not ImportChunk.objects.exists()
    assert ImportRow.objects.count() == 2_500


def test_the_file_goes_when_the_import_is_done():
    run = brought("email\nann@example.org\n")
    assert not ImportChunk.objects.exists()
    assert run.merged_rows == 1


def test_two_workers_do_not_take_one_import():
    run = receive("email\nann@example.org\n")
    running.begin_check(run, ring=False)
    assert running._claim(run.pk) is not None
    assert running._claim(run.pk) is None
    assert not running.work(run.pk)


def test_a_worker_that_went_silent_is_succeeded():
    run = receive("email\nann@example.org\n")
    running.begin_check(run, ring=False)
    gone = running._claim(run.pk)
    Import.objects.filter(pk=run.pk).update(lease_until=Now() - dt.timedelta(seconds=1))
    work(run)
    assert run.status == Status.CHECKED
    with pytest.raises(running.Lost):
        running.Shift(gone, 0.0).beat(staged_rows=99)


def test_an_import_that_fails_again_and_again_is_left_to_a_person():
    run = three_batches()
    running.begin_run(run, ring=False)
    Import.objects.filter(pk=run.pk).update(attempts=running.ATTEMPTS)
    assert not running.work(run.pk)
    run.refresh_from_db()
    assert run.status == Status.STOPPED
    assert run.problem_detail


def test_an_undo_that_failed_again_and_again_is_tried_again():
    run = brought("email\nann@example.org\n")
    running.undo(run, ring=False)
    Import.objects.filter(pk=run.pk).update(attempts=running.ATTEMPTS + 1)
    work(run)
    assert run.status == Status.UNDONE


def test_a_worker_that_lost_its_claim_does_not_end_the_check_that_was_begun_after():
    run = receive("email\nann@example.org\n")
    running.begin_check(run, ring=False)
    gone = running._claim(run.pk)
    running.stop(run)
    running.begin_check(run, ring=False)
    running._fail(gone, "damaged", "")
    run.refresh_from_db()
    assert (run.status, run.problem) == (Status.CHECKING, "")


def test_who_asked_is_told_once_when_it_is_done(django_capture_on_commit_callbacks):
    told: list[int] = []

    def hear(sender: type[Import], import_id: int, **_more: object) -> None:
        told.append(import_id)

    import_settled.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            run = brought("email\nann@example.org\n")
            running.settle(run)
        assert told == [run.pk]
    finally:
        import_settled.disconnect(hear)


def test_a_file_brought_twice_is_known_by_its_bytes():
    first = brought("email\nann@example.org\n")
    again = receive("email\nann@example.org\n")
    other = receive("email\nben@example.org\n")
    assert uploading.brought_before(again) == first
    assert uploading.brought_before(other) is None


def test_a_file_too_large_to_take_is_not_kept():
    class Endless:
        def read(self, size: int, /) -> bytes:
            return b"x" * size

    run = uploading.receive(Endless(), name="large.csv", mailing_list=make_mailing_list())
    assert (run.status, run.problem) == (Status.FAILED, "too_large")
    assert not run.chunks.exists()
