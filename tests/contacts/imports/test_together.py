"""Others work on the same people while an import runs, over connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from contacts import suppressions
from contacts.addresses import parse
from contacts.imports import merging, running
from contacts.models import Contact, Import, Subscription, Suppression
from tests.contacts.imports.hands import brought, checked, work
from tests.factories import make_contact, make_mailing_list, make_subscription

pytestmark = pytest.mark.django_db(transaction=True)
Status = Subscription.Status


def beside(action: Callable[[], object]) -> threading.Thread:
    """Do it over another connection, at the same time."""

    def run() -> None:
        try:
            action()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def begun(text: str, *given: object, **fields: object) -> Import:
    run = checked(text, *given, **fields)  # type: ignore[arg-type]
    assert running.begin_run(run, ring=False)
    return run


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if true():
            return
        threading.Event().wait(0.01)
    pytest.fail("did not come about in time")


def test_who_unsubscribes_while_the_batch_waits_for_them_is_not_put_back():
    news = make_mailing_list()
    subscription = make_subscription(make_contact("ann@example.org"), news, status=Status.PENDING)
    run = begun("email,name\nann@example.org,Ann New\n", news)
    with transaction.atomic():
        Subscription.objects.filter(pk=subscription.pk).update(status=Status.UNSUBSCRIBED, changed_at=Now())
        merging_now = beside(lambda: merging.Merger(run).merge_next())
        wait_until(waits_for_a_lock)
    merging_now.join()
    subscription.refresh_from_db()
    assert subscription.status == Status.UNSUBSCRIBED
    assert run.batches.get().suppressed == [2]
    assert run.batches.get().updated == [2]  # the name


def test_a_person_who_signs_up_while_the_batch_runs_is_one_person():
    run = begun("email,name\nann@example.org,Ann\nben@example.org,Ben\n")
    with transaction.atomic():
        make_contact("ann@example.org", name="Ann herself")
        merging_now = beside(lambda: merging.Merger(run).merge_next())
        wait_until(waits_for_a_lock)
    merging_now.join()
    assert Contact.objects.filter(address_key="ann@example.org").count() == 1
    batch = run.batches.get()
    assert (batch.created, batch.updated) == ([3], [2])


def test_a_person_who_is_removed_while_the_batch_waits_comes_back_as_new():
    ann = make_contact("ann@example.org")
    run = begun("email,name\nann@example.org,Ann\n")
    with transaction.atomic():
        ann.delete()
        merging_now = beside(lambda: merging.Merger(run).merge_next())
        wait_until(waits_for_a_lock)
    merging_now.join()
    assert run.batches.get().created == [2]
    assert Contact.objects.get().from_import == run


def test_a_suppression_waits_for_whoever_is_writing_to_the_address():
    run = begun("email,status\nann@example.org,complained\n")
    with transaction.atomic():
        suppressions.hold(parse("ann@example.org").hash, shared=True)
        merging_now = beside(lambda: merging.Merger(run).merge_next())
        wait_until(waits_for_a_lock)
        assert not Suppression.objects.exists()
    merging_now.join()
    assert Suppression.objects.get().evidence == {"import": run.pk, "line": 2}


def test_two_connections_merge_every_batch_once():
    rows = "".join(f"person{number}@example.org\n" for number in range(5_500))
    run = begun(f"email\n{rows}", mode=Import.Mode.SUPPRESS, consent_text="")
    other = beside(lambda: merge_all(run))
    merge_all(run)
    other.join()
    work(run)
    assert (run.status, run.created) == (Import.Status.DONE, 5_500)
    assert Suppression.objects.count() == 5_500


def merge_all(run: Import) -> None:
    while merging.Merger(run).merge_next():
        pass


def test_an_undo_waits_for_the_batch_in_hand():
    run = begun("email\nann@example.org\n")
    with transaction.atomic():
        merging.hold_batches(run, shared=True)
        assert beside_stop(run) == Import.Status.STOPPED
        running.undo(Import.objects.get(pk=run.pk), ring=False)
    work(run)
    assert run.status == Import.Status.UNDONE
    assert not Contact.objects.exists()


def test_an_import_discarded_with_its_first_batch_in_hand_keeps_the_report_of_it():
    make_contact("ann@example.org")
    run = begun("email,name\nann@example.org,Ann\nben@example.org,Ben\n")
    with transaction.atomic():
        Contact.objects.select_for_update().get()
        merger = beside(lambda: merge_all(run))
        wait_until(waits_for_a_lock)
        assert beside_stop(run) == Import.Status.STOPPED
        beside(lambda: running.discard(Import.objects.get(pk=run.pk))).join()
        thrower = beside(lambda: running.work(run.pk))
        thrower.join(0.5)
        assert thrower.is_alive()
    merger.join(), thrower.join()
    assert Contact.objects.count() == 2
    assert run.batches.filter(done_at__isnull=False).count() == 1
    assert run.staged.count() == 2


def beside_stop(run: Import) -> str:
    """Somebody stops it from another connection."""
    stopping = beside(lambda: running.stop(Import.objects.get(pk=run.pk)))
    stopping.join()
    run.refresh_from_db()
    return run.status


def test_the_same_people_in_two_imports_at_once_are_there_once():
    rows = "".join(f"person{number}@example.org\n" for number in range(3_000))
    turned = "".join(f"person{number}@example.org\n" for number in reversed(range(3_000)))
    first, second = begun(f"email\n{rows}"), begun(f"email\n{turned}")
    other = beside(lambda: merge_all(second))
    merge_all(first)
    other.join()
    work(first), work(second)
    assert Contact.objects.count() == 3_000
    assert first.created + second.created == 3_000
    assert brought(f"email\n{rows}", first.mailing_list).unchanged == 3_000
