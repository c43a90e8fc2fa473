"""Recipients a second and CPU a recipient of whole mailings, ledger included, from "send" to the last settled row.

    python benchmarks/bench_send.py [--contacts 10000,100000,1000000] [--workers 1,2] [--ways chunking,data,api,far]

Fills a durable database of its own with invented contacts and sends them a mailing of 30 kB with 10 counted links through
real Celery workers: by SMTP with CHUNKING (`chunking`), by pipelined DATA (`data`), by SMTP with CHUNKING over 50 ms of
round trip (`far`, 10,000 contacts), and by the provider's batch API (`api`). The far end is sink.c, compiled here; without a
compiler it is the provider sandbox, which is slower than what is measured.

Prints one JSON line for each: `road`, `way`, `n`, `workers`; `recipients_per_s` by the clock; `cpu_us`, user and system time
of the workers and of PostgreSQL for one recipient, freeze and all; `a_core_per_s`, 1,000,000 / cpu_us; `peak_mb` of the
largest worker process; and the limit of the same run: `limit_per_s` and `ratio` = cpu_us / CPU of the limit. The limit is,
by SMTP, our own connection sending one constant mail again and again; by the API, Anymail's own batch call. Those limits,
our batch call by itself and Postfix's smtp-source (where it is installed) have lines of their own, without a ledger
(`workers` 0). For `far` the clock runs from the fixed audience on, the limit is connections × mails in flight / round trip,
and `ratio` is the share of it that was reached.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.database import empty_database

HERE = Path(__file__).resolve().parent
ROUND_TRIP = 0.05  # seconds, of `far`
FAR_CONTACTS = 10_000
ALONE = 20_000  # recipients for a limit
TICKS = os.sysconf("SC_CLK_TCK")

PEOPLE = """
INSERT INTO contacts_contact (address, address_key, address_hash, name, first_name, last_name, country, language,
                              time_zone, attributes, source, created_at, updated_at)
SELECT address, address, sha256(address::bytea), first || ' Name' || n, first, 'Name' || n, 'KE', 'en', '', '{}',
       'import', now(), now()
FROM (SELECT n, 'person' || n || '@' || (ARRAY['mail','post','web','home'])[1 + n %% 4] || '.example' AS address,
             (ARRAY['Ann','Achieng','María','Jean','Omar','Wei','Olena','Juan','Fatima','Peter'])[1 + n %% 10] AS first
      FROM generate_series(1::bigint, %s) n) AS people
"""
SUBSCRIPTIONS = """
INSERT INTO contacts_subscription (contact_id, mailing_list_id, status, reason, changed_at)
SELECT id, %s, 'confirmed', '', now() FROM contacts_contact ORDER BY id LIMIT %s
"""
SENTENCE = (
    "Victims of the gravest crimes have waited for years, and their governments can end that wait this autumn: it takes "
    "one vote, one signature and the will to keep a promise that was made in public. "
)


@dataclass(slots=True)
class Cost:
    """What a number of recipients took."""

    seconds: float
    cpu: float
    peak_mb: int = 0

    def cpu_us(self, recipients: int) -> float:
        return self.cpu / recipients * 1e6


@dataclass(frozen=True, slots=True)
class Limit:
    """CPU of a recipient at the limit."""

    cpu_us: float

    @property
    def per_s(self) -> float:
        return 1e6 / self.cpu_us


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", default="10000,100000,1000000")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--ways", default="chunking,data,far,api")
    options = parser.parse_args()
    sizes = [int(size) for size in options.contacts.split(",")]
    workers = [int(number) for number in options.workers.split(",")]
    os.environ["LOG_LEVEL"] = "WARNING"
    with empty_database(durable=True):
        lists = fill(sorted({*sizes, FAR_CONTACTS}))
        for way in options.ways.split(","):
            with sink(chunking=way != "data", delay=ROUND_TRIP if way == "far" else 0.0) as ports:
                measure(
                    way,
                    [FAR_CONTACTS] if way == "far" else sizes,
                    [1] if way == "far" else workers,
                    lists,
                    ports,
                )


def measure(
    way: str, sizes: list[int], workers: list[int], lists: dict[int, Any], ports: tuple[int, int]
) -> None:
    from django.test import override_settings

    smtp, http = ports
    url = f"http://127.0.0.1:{http}"
    from django.conf import settings

    anymail = {**settings.ANYMAIL, "MAILGUN_API_URL": f"{url}/v3"}
    with override_settings(SANDBOX_SMTP_PORT=smtp, SANDBOX_URL=url, ANYMAIL=anymail):
        limit = alone(way)
        for size in sizes:
            for number in workers:
                tell(way, size, number, send(way, lists[size], size, number, ports), limit)


def tell(way: str, size: int, workers: int, cost: Cost, limit: Limit | None) -> None:
    per_s = size / cost.seconds
    line: dict[str, Any] = {
        "road": "api" if way.startswith(("api", "anymail")) else "smtp",
        "way": way,
        "n": size,
        "workers": workers,
        "recipients_per_s": round(per_s),
        "limit_per_s": None,
        "ratio": None,
        "cpu_us": round(cost.cpu_us(size), 1),
        "a_core_per_s": round(1e6 / cost.cpu_us(size)),
        "peak_mb": cost.peak_mb,
    }
    if way == "far":
        most = in_flight() / ROUND_TRIP
        line |= {"limit_per_s": round(most), "ratio": round(per_s / most, 3)}
    elif limit is not None:
        line |= {"limit_per_s": round(limit.per_s), "ratio": round(cost.cpu_us(size) / limit.cpu_us, 2)}
    print(json.dumps(line), flush=True)


# --- the limits ------------------------------------------------------------------------------------------------


def alone(way: str) -> Limit | None:
    """Measure the sender without a ledger; say it in lines of its own; return what a mailing is held against."""
    if way == "far":
        return None
    content, people = letter()
    if way == "api":
        own = timed(lambda: call_anymail(content, people, quick=False))
        tell("anymail alone", ALONE, 0, own, None)
        limit = Limit(own.cpu_us(ALONE))
        tell("api alone", ALONE, 0, timed(lambda: call_anymail(content, people, quick=True)), limit)
        return limit
    constant = timed(lambda: pipe(content, people[0]))
    tell(f"{way} alone", ALONE, 0, constant, None)
    limit = Limit(constant.cpu_us(ALONE))
    if program := shutil.which("smtp-source", path=f"{os.environ['PATH']}:/usr/sbin"):
        tell("smtp-source", ALONE, 0, timed(lambda: smtp_source(program)), limit)
    return limit


def timed(work: Callable[[], object]) -> Cost:
    """The cheapest of three rounds."""
    costs = []
    for _round in range(3):
        began, cpu = time.perf_counter(), own_cpu()
        work()
        costs.append(Cost(time.perf_counter() - began, own_cpu() - cpu, peak_mb(os.getpid())))
    return min(costs, key=lambda cost: cost.cpu)


def own_cpu() -> float:
    mine, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + ended.ru_utime + ended.ru_stime


def letter() -> tuple[Any, list[Any]]:
    """The content of a frozen mailing, and people for it with the values that the ledger would give them."""
    from mailer.mailings.content import Prepared
    from mailer.roads import Recipient

    mailing = make_mailing_of_30_kb("api", None)
    frozen = freeze_text(mailing)
    found = Prepared(mailing, frozen)
    slots = found._slots_of(1, 1, b"x" * 32)
    fields = {"first_name": "María"}
    people = [Recipient(n, f"person{n}@mail.example", {**slots, **fields}) for n in range(1, ALONE + 1)]
    return found.content, people


def pipe(content: Any, recipient: Any) -> None:
    """One constant mail again and again over one connection."""
    from django.conf import settings

    from mailer.roads.relay import Connection, Mail
    from mailer.roads.skeleton import Skeleton
    from mailer.roads.smtp import relay

    octets = Skeleton(content).render(recipient, b"Mon, 09 Nov 2026 12:00:00 +0000")
    connection = Connection(relay(), name=settings.MAIL_DOMAIN, timeout=30)
    for tag in range(ALONE):
        connection.send(Mail(tag, "bounces@mail.example", recipient.address, octets, dots=False))
        connection.done.clear()
    connection.finish()
    connection.close()


def call_anymail(content: Any, people: list[Any], *, quick: bool) -> None:
    """Batch calls of a thousand: Anymail's own, or ours."""
    from anymail.backends.mailgun import EmailBackend

    from mailer import providers
    from mailer.roads.api import _Anymail, _Mailgun
    from mailer.roads.batches import Batch
    from mailer.roads.quick import QuickMailgun

    batch = Batch(content, "mailgun")
    maker = _Mailgun(batch) if quick else _Anymail(batch)
    with providers.opened(QuickMailgun() if quick else EmailBackend()) as backend:
        for at in range(0, len(people), 1_000):
            parts = [(person, maker.part(person)) for person in people[at : at + 1_000]]
            backend.send_messages([maker.mail(parts)])


def smtp_source(program: str) -> None:
    from django.conf import settings

    options = [
        "-s",
        "4",
        "-m",
        str(ALONE),
        "-l",
        "32768",
        "-d",
        "-f",
        "a@mail.example",
        "-t",
        "b@mail.example",
    ]
    subprocess.run([program, *options, f"inet:127.0.0.1:{settings.SANDBOX_SMTP_PORT}"], check=True)


def in_flight() -> int:
    from mailer.roads.smtp import relay

    found = relay()
    return max(found.connections, 1) * found.in_flight


# --- a mailing ---------------------------------------------------------------------------------------------------


def fill(sizes: list[int]) -> dict[int, Any]:
    """Contacts, and for each size a list that has so many of them."""
    from django.db import connection

    from tests.factories import make_mailing_list

    lists = {}
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(PEOPLE, [max(sizes)])
        for size in sizes:
            lists[size] = make_mailing_list()
            cursor.execute(SUBSCRIPTIONS, [lists[size].pk, size])
        cursor.execute("VACUUM ANALYZE contacts_contact, contacts_subscription")
    return lists


def make_mailing_of_30_kb(way: str, mailing_list: Any) -> Any:
    from mailer.models import MailingText
    from tests.factories import make_mailing, make_mailing_list, make_sender

    sender = make_sender(road="api" if way == "api" else "smtp")
    mailing = make_mailing(
        mailing_list=mailing_list or make_mailing_list(), sender=sender, track_clicks=True, texts=False
    )
    blocks: list[dict[str, Any]] = [{"id": "h", "kind": "heading", "text": "Stand with victims"}]
    for number in range(10):
        html = f"<p>Dear {{{{ first_name | friend }}}}, {SENTENCE}</p><p>{SENTENCE}</p>"
        blocks.append({"id": f"t{number}", "kind": "text", "html": html})
        url = f"https://campaign.example.org/write/{number}"
        blocks.append({"id": f"b{number}", "kind": "button", "text": "Write to them", "url": url})
    blocks.append({"id": "f", "kind": "footer"})
    MailingText.objects.create(
        mailing=mailing, language="en", subject="{{ first_name | Friend }}, one vote", blocks=blocks
    )
    return mailing


def freeze_text(mailing: Any) -> Any:
    from mailer.writing.messages import freeze_messages

    return freeze_messages(mailing, [("en", 0)])["en", 0]


def send(way: str, mailing_list: Any, size: int, workers: int, ports: tuple[int, int]) -> Cost:
    """Send one mailing through workers of its own."""
    from django.db import connection

    from mailer.mailings import running
    from mailer.models import Mailing
    from mailer.roads import buckets
    from mailer.throttle import valkey
    from tests.factories import make_user

    valkey().flushdb()
    mailing = make_mailing_of_30_kb(way, mailing_list)
    # A sender that has been sending: who is new starts slow, and that is not what is measured here.
    provider = "mailgun" if way == "api" else "smtp"
    valkey().hset(f"mailer:pace:{provider}:{mailing.sender_id}", "learned", buckets.FREE)
    with celery_workers(workers, ports) as processes:
        running.send_now(mailing, make_user())
        Mailing.objects.filter(pk=mailing.pk).update(starts_at="2026-01-01T00:00Z")
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        began, cpu = time.perf_counter(), cpu_of(*processes, postmaster())
        running.start(mailing.pk)
        while True:
            time.sleep(0.05)
            status = Mailing.objects.values_list("status", flat=True).get(pk=mailing.pk)
            if status == Mailing.Status.SENT:
                break
            if status != Mailing.Status.SENDING:
                raise RuntimeError(f"the mailing stands at {status}")
        cost = Cost(time.perf_counter() - began, cpu_of(*processes, postmaster()) - cpu)
        cost.peak_mb = max(peak_mb(pid) for process in processes for pid in tree(process))
    check(mailing, size)
    if way == "far":
        mailing.refresh_from_db()
        cost.seconds = (mailing.finished_at - mailing.frozen_at).total_seconds()
    return cost


def check(mailing: Any, size: int) -> None:
    from django.db.models import Count

    found = dict(mailing.deliveries.values_list("status").annotate(Count("id")))
    if found != {"sent": size}:
        raise RuntimeError(f"not everybody was sent the mail: {found}")


# --- processes -----------------------------------------------------------------------------------------------------


@contextmanager
def sink(*, chunking: bool, delay: float) -> Iterator[tuple[int, int]]:
    """The far end: its SMTP and its HTTP port."""
    compiler = shutil.which("cc")
    with tempfile.TemporaryDirectory(prefix="epistle-bench-") as folder:
        if compiler is None:
            from sandbox.process import start

            print("no C compiler: the far end is the provider sandbox", file=sys.stderr)
            with start(Path(folder), keep="ids") as running:
                yield running.smtp_port, int(running.url.rpartition(":")[2])
            return
        program = f"{folder}/sink"
        subprocess.run([compiler, "-O2", "-o", program, str(HERE / "sink.c")], check=True)
        command = [program, "-d", str(delay * 1_000), *([] if chunking else ["-n"])]
        with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            smtp, http = process.stdout.readline().split()[-2:]
            try:
                yield int(smtp), int(http)
            finally:
                process.stdin.close()


@contextmanager
def celery_workers(number: int, ports: tuple[int, int]) -> Iterator[list[int]]:
    """So many workers for mailings, each with one process for tasks; their pids."""
    from django.db import connection

    from embedded.processes import start, stop
    from tests.processes import database_url_of_the_tests

    environment = {
        **os.environ,
        "DATABASE_URL": database_url_of_the_tests(),
        "SANDBOX_SMTP_PORT": str(ports[0]),
        "SANDBOX_URL": f"http://127.0.0.1:{ports[1]}",
    }
    connection.close()
    processes = []
    with tempfile.TemporaryDirectory(prefix="epistle-bench-") as folder:
        logs = [Path(folder, f"worker-{each}.log") for each in range(number)]
        for each, log in enumerate(logs):
            command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel", "INFO"]
            command += ["--queues", "mailings", "--concurrency", "1", "--hostname", f"bench{each}@%h"]
            command += ["--without-gossip", "--without-mingle"]
            with log.open("wb") as output:
                processes.append(start(command, output=output, environment=environment, folder=HERE.parent))
        try:
            while not all(b" ready" in log.read_bytes() for log in logs):
                time.sleep(0.1)
            yield [process.pid for process in processes]
        except BaseException:
            for log in logs:
                sys.stderr.write(log.read_text(errors="replace")[-4_000:])
            raise
        finally:
            stop(processes)


def postmaster() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone()
    return int(Path(folder, "postmaster.pid").read_text().splitlines()[0])


def tree(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = Path(folder, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def cpu_of(*roots: int) -> float:
    """User and system time of these processes and all below them, those that have ended included."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS


def peak_mb(pid: int) -> int:
    """The most memory a process has had resident so far, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
