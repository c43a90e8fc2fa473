"""One person who went through everything we do, erased: looked for in every place that keeps anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from advocacy import letters
from advocacy.models import Letter
from contacts import erasing, import_traces, suppressions
from contacts.addresses import parse
from contacts.imports import running, uploading
from contacts.models import (
    Consent,
    Contact,
    ContactChange,
    Import,
    ImportRow,
    MailingList,
    Subscription,
    Suppression,
)
from contacts.person_export import export_person
from contacts.registry import Person
from mailer import invariants
from mailer.models import Delivery, DeliveryEvent, SignUp
from mailer.signup import opting_in
from tests.factories import make_campaign, make_contact, make_mailing_list, make_sign_up, make_submission
from tests.processes import LiveService
from tests.whole_database import places_of

NOW, BEFORE = parse("Zenobia.Quist@Exämple.org"), parse("zeno@elsewhere.example")
# Every spelling of the two addresses and of the names, in small letters; looked for in any case.
TRACES = ["zenobia", "quist", "zeno@", "elsewhere.example", NOW.key, "ouagadougou", "192.0.2.77"]
HEAD = "Email,First name,Last name,Consent,Consent IP,Dog\n"


def wait_for(done: Callable[[], bool], patience: float = 90.0) -> None:
    deadline = time.monotonic() + patience
    while not done():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


def bring(folder: Path, text: str, name: str = "people.csv") -> Import:
    """A file, imported as the command does it."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    call_command("import_contacts", str(path), "--list=news", "--consent=Send me news.")
    return Import.objects.latest("pk")


def traces_in_the_broker() -> list[str]:
    """Where one of the traces stands in Valkey: in any key, list, hash, set or value."""
    found = []
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        for key in broker.scan_iter():
            kind = broker.type(key)
            everything: Any = {
                b"list": lambda key: broker.lrange(key, 0, -1),
                b"hash": lambda key: broker.hgetall(key),
                b"set": lambda key: broker.smembers(key),
                b"zset": lambda key: broker.zrange(key, 0, -1),
            }.get(kind, lambda key: broker.get(key))(key)
            text = f"{key!r} {everything!r}".lower()
            found += [f"{key!r}: {trace}" for trace in TRACES if trace in text]
    return found


@pytest.mark.processes
def test_of_a_person_who_went_through_everything_only_a_keyed_hash_is_left(
    live_service: LiveService, tmp_path: Path
):
    service = live_service
    service.start_sandbox("--event-delay", "0.1")
    service.start_web()
    logs = [service.start_worker(), service.start_beat()]
    folder = tmp_path / "files"
    folder.mkdir()

    # Imported under an old address, updated by an import, corrected by hand, imported again, and repeated in a file.
    bring(folder, f"{HEAD}{BEFORE.given},Zenobia,,yes,192.0.2.77,Rex\nbo@example.org,Bo,Tell,yes,,\n")
    bring(folder, f"{HEAD}{BEFORE.given.upper()},Zenobia,Quist,yes,,Quistador\n", "again.csv")
    contact = Contact.objects.get(address_key=BEFORE.key)
    Contact.objects.filter(pk=contact.pk).update(
        address=NOW.given, address_key=NOW.key, address_hash=NOW.hash, name="Zenobia Quist"
    )
    ContactChange.objects.create(
        contact=contact, source="desk", changes={"address": [BEFORE.given, NOW.given]}, note="Zenobia rang"
    )
    bring(
        folder,
        f"{HEAD}{NOW.given},Zenobia,,yes,,\n{NOW.given},Zen,,yes,,\n{NOW.given};x@y.org,Zenobia,,yes,,\n",
        "third.csv",
    )
    # Signed up for another list with the old address, and never answered.
    make_sign_up(make_mailing_list(), BEFORE, name="Zenobia Quist")
    # Wrote a letter with the newsletter ticked; it was sent, and both mails have their reports.
    campaign = make_campaign(mailing_list=MailingList.objects.get(slug="news"))
    written = make_submission(
        campaign,
        name="Zenobia Quist",
        address=NOW,
        place="Ouagadougou",
        wants_newsletter=True,
        subject="From Zenobia Quist",
        body="I, Zenobia, ride line 42 every single day.",
    )
    wait_for(lambda: Delivery.objects.filter(kind="confirmation", status="sent").exists())
    letters.confirm(written)
    letters.dispatch_due(Letter.objects.get().slot)
    wait_for(lambda: Delivery.objects.filter(delivered_at__isnull=False).count() == 4)
    # And another one that waits; and a file that nobody has gone on with.
    waiting = make_submission(make_campaign(), name="Zenobia Quist", address=NOW, place="Ouagadougou")
    letters.confirm(waiting)
    with (folder / "third.csv").open("rb") as file:
        unread = uploading.receive(file, name="third.csv")
    assert set(TRACES) - {place.partition(": ")[2] for place in places_of(*TRACES)} == set()
    assert DeliveryEvent.objects.filter(raw__isnull=False).exists()
    counted = letters.progress(campaign)

    said = service.run("manage.py", "erase", NOW.given)

    assert "advocacy.letter" in said
    assert places_of(*TRACES) == []
    hashes = {bytes(one) for one in Suppression.objects.values_list("address_hash", flat=True)}
    assert hashes == {NOW.hash, BEFORE.hash}
    assert Consent.objects.filter(address_hash__in=hashes).exists()
    unread.refresh_from_db()
    assert (unread.status, unread.notes) == (Import.Status.DISCARDED, [import_traces.NOTE])
    assert sorted(Import.objects.filter(status="done").values_list("rows", flat=True)) == [1, 2, 3]
    assert Contact.objects.get().address == "bo@example.org"
    assert letters.progress(campaign) == counted
    assert waiting.letters.get().status == Letter.Status.WITHDRAWN
    assert not SignUp.objects.exists()
    assert traces_in_the_broker() == []
    # Late reports and the clock bring nothing back.
    time.sleep(2)
    assert places_of(*TRACES) == []
    # The files once more: nobody is revived, the numbers add up, and only what could not be read is kept for a while.
    for name in ("people.csv", "again.csv", "third.csv"):
        again = bring(folder, (folder / name).read_text(encoding="utf-8"), name)
        assert again.rows == again.unchanged + again.duplicates + again.rejected
    assert Contact.objects.count() == 1
    assert {place.partition(":")[0] for place in places_of(*TRACES)} == {"contacts_importrow.cells"}
    service.run("manage.py", "erase", NOW.given)
    assert places_of(*TRACES) == []
    found = export_person(Person.of_key(NOW.key))
    assert not {"Contact", "Lists", "Changes"} & set(found)
    assert [broken.name for broken in invariants.check_all() if broken.ids] == []
    logged = "".join(process.output() for process in logs).lower()
    assert [trace for trace in TRACES if trace in logged] == []


@pytest.mark.django_db(transaction=True)
def test_an_erasure_beside_a_running_import_revives_nobody(tmp_path: Path):
    """Fifty people of a file are erased while its batches are merged, whoever comes first for each."""
    MailingList.objects.create(slug="news", name="News")
    people = [f"zenobia{number}@example.org" for number in range(6_000)]
    erased = [parse(address) for address in people[::120]]
    for address in erased[::2]:
        make_contact(address.given)  # half of them are known before
    path = tmp_path / "people.csv"
    path.write_text("Email,Name\n" + "".join(f"{address},Zenobia Quist\n" for address in people))
    with path.open("rb") as file:
        run = uploading.receive(
            file, name="people.csv", mailing_list=MailingList.objects.get(), consent_text="Send me news."
        )
    uploading.understand(run, uploading.preview(run))
    running.begin_check(run, ring=False)
    while running.work(run.pk):
        pass
    _cut_into_small_batches(run)
    running.begin_run(run, ring=False)
    failures: list[Exception] = []

    def erase_them() -> None:
        try:
            for address in erased:
                erasing.erase(Person.of_key(address.key))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    beside = threading.Thread(target=erase_them)
    beside.start()
    while running.work(run.pk):
        pass
    beside.join()
    run.refresh_from_db()
    assert failures == []
    assert run.status == Import.Status.DONE
    assert run.rows == run.created + run.updated + run.unchanged == len(people)
    assert Contact.objects.count() == Subscription.objects.count() == len(people) - len(erased)
    left = Contact.objects.filter(address_key__in=[address.key for address in erased])
    assert not left.exists()
    rows = ImportRow.objects.filter(address_hash__in=[address.hash for address in erased])
    assert {(row.address_key, row.name, row.standing) for row in rows} == {("", "", "erased")}
    assert suppressions.suppressed_among([one.hash for one in erased], Suppression.Scope.MAILINGS) == {
        one.hash for one in erased
    }


def _cut_into_small_batches(run: Import) -> None:
    """Batches of 50 rows, so that the two meet often."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_importbatch WHERE from_import_id = %s", [run.pk])
        cursor.execute(
            "INSERT INTO contacts_importbatch (from_import_id, number, first_line, last_line, rows, created, updated,"
            " suppressed) SELECT %s, line / 50, min(line), max(line), count(*), '{}', '{}', '{}'"
            " FROM contacts_importrow WHERE from_import_id = %s GROUP BY line / 50",
            [run.pk, run.pk],
        )


@pytest.mark.django_db(transaction=True)
def test_an_erasure_beside_the_confirmation_of_a_sign_up_leaves_nobody():
    """Ten rounds of both at once, whoever wins; neither may fail."""
    mailing_list = make_mailing_list()
    failures: list[Exception] = []
    for number in range(10):
        address = parse(f"zenobia{number}@example.org")
        row = make_sign_up(mailing_list, address)

        def confirm_it(row: SignUp = row) -> None:
            try:
                opting_in.confirm(row)
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        beside = threading.Thread(target=confirm_it)
        beside.start()
        erasing.erase(Person.of_key(address.key))
        beside.join()
    assert failures == []
    assert not Contact.objects.exists()
    assert places_of("zenobia") == []


@pytest.mark.django_db(transaction=True)
def test_two_erasures_of_one_person_at_once_are_one(tmp_path: Path):
    make_mailing_list(slug="news")
    make_contact("zenobia@example.org")
    counts: list[dict[str, int]] = []

    def erase_it() -> None:
        try:
            counts.append(erasing.erase(Person.of_key("zenobia@example.org")))
        finally:
            connection.close()

    both = [threading.Thread(target=erase_it) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(len(found) for found in counts) == [0, 1]
    assert Suppression.objects.count() == 1
