"""What a look at a public page, or at a page of the desk, costs beside a view that does next to nothing.

    python benchmarks/bench_pages.py [--contacts 1000000] [--deliveries 10000000] [--letters 100000]
                                     [--expressions 10000] [--rounds 40] [--only public|desk]

On a database of its own: the demo's campaign with so many confirmed letters and published expressions; so many contacts;
ten mailings with so many deliveries between them, the last of which is being sent. Pages are asked for one after the
other, over one connection, of a real gunicorn. Prints one JSON line a page: `ms` (median) and `p95_ms` from the request
to the last byte; `first_ms`, the first look, which nobody has had before; `cpu_ms` of the web process a look and
`pg_cpu_ms` of PostgreSQL; `limit_ms` and `limit_cpu_ms`, the same for `/health/live` between the looks (Django's stack
and a question to the database); `ratio`, of both processes' computing; and `bytes` of the answer as it travels.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_import import _parent, _pids, _postgres, _ticks
from benchmarks.bench_segments import PEOPLE, SUBSCRIPTIONS, SUPPRESSIONS, execute
from benchmarks.database import empty_database

LIMIT = "/health/live"
MAILINGS = 10
_BLOCK = 4  # looks at a page between
_LIMITS = 25  # looks at the limit: the kernel counts computing in hundredths of a second

SUPPORTERS = """
INSERT INTO advocacy_supporter (address, address_key, address_hash, proven_at, created_at)
SELECT address, address, sha256(address::bytea), now(), now()
FROM (SELECT 'voice' || n || '@supporters.example' AS address FROM generate_series(1, %s) n) AS people
"""
# Letters of fifty days, of sixty countries, of which three make half; a third came by a member.
SUBMISSIONS = """
INSERT INTO advocacy_submission (campaign_id, supporter_id, form_key, nonce, language, name, place, postcode, country,
    wants_newsletter, letter_consent_text, newsletter_consent_text, network, created_at, confirmed_at, expires_at,
    corrections, membership_id)
SELECT %s, id, 'bench' || id, 'nonce' || id, 'en', 'Amina Example', 'Nairobi', '',
       (ARRAY['KE','FR','SN','ES','MX','IN','JP','EG','UA','PH','CO','CA','NZ','GB','BR','ZA','NG','IT','DE','US','AR','CL',
              'PE','BO','EC','GT','MA','DZ','TN','GH','UG','TZ','RW','ET','ML','TD','CM','GA','PK','BD','LK','NP','TH','ID',
              'MY','KR','AU','FJ','PT','BE','NL','SE','NO','FI','DK','PL','CZ','RO','GR','IE'])[1 + floor(60 * share ^ 3)::int],
       false, '', '', '', at, at, at + interval '7 days', 0, CASE WHEN id %% 3 = 0 THEN %s::bigint END
FROM (SELECT id, random() AS share, now() - 50 * (1 - id::float / %s) * interval '1 day' AS at FROM advocacy_supporter
      ORDER BY id) AS people
"""
LETTER_DELIVERIES = """
INSERT INTO mailer_delivery (message_id, kind, address, address_hash, context, status, reason, attempts, lapses, due_at,
    provider, provider_message_id, created_at, sent_at, delivered_at, bounced_at, bounce_class, bounce_code)
SELECT %s, 'letter', 'office@parliament.example', sha256('office'::bytea), '{}', 'sent', '', 1, 0, confirmed_at, 'mailgun',
       '', confirmed_at, confirmed_at, CASE WHEN id %% 50 <> 0 THEN confirmed_at END,
       CASE WHEN id %% 50 = 0 THEN confirmed_at END, CASE WHEN id %% 50 = 0 THEN 'hard' ELSE '' END, ''
FROM advocacy_submission CROSS JOIN generate_series(0, 1) ORDER BY id
"""
# Each supporter wrote to two people; one letter in a hundred waits for its slot, one in a thousand is held.
LETTERS = """
INSERT INTO advocacy_letter (submission_id, campaign_id, supporter_id, person_id, language, subject, body, own_words,
    is_test, status, held_because, held_at, domain, slot, confirmed_at, dispatched_at, delivery_id)
SELECT s.id, s.campaign_id, s.supporter_id, people.id[1 + (2 * s.number + which) %% array_length(people.id, 1)], 'en',
       'Keep the bonds', repeat('Dear Sam Lee, please answer. ', 40), s.id %% 60, false, status,
       CASE WHEN status = 'withheld' THEN 'links' ELSE '' END,
       CASE WHEN status = 'withheld' THEN s.confirmed_at END, 'parliament.example', s.confirmed_at, s.confirmed_at,
       CASE WHEN status = 'dispatched' THEN s.confirmed_at END,
       CASE WHEN status = 'dispatched' THEN %s + 2 * (s.number - 1) + which END
FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM advocacy_submission) AS s
     CROSS JOIN generate_series(0, 1) AS which
     CROSS JOIN LATERAL (SELECT CASE WHEN (2 * s.number + which) %% 1000 = 7 THEN 'withheld'
                                     WHEN (2 * s.number + which) %% 100 = 3 THEN 'confirmed'
                                     ELSE 'dispatched' END AS status) AS stands
     CROSS JOIN (SELECT array_agg(id ORDER BY id) AS id FROM advocacy_person) AS people
ORDER BY s.number, which
"""
# One in a hundred waits for a look, as many were refused, and one in five hundred was reported.
EXPRESSIONS = """
INSERT INTO advocacy_expression (campaign_id, form_key, nonce, status, category, name, role, organisation_name, country,
    language, statement, video_url, picture, picture_alt, is_featured, revision, address, address_key, address_hash,
    mail_language, network, consent_text, suspicious, proof, created_at, confirmed_at, expires_at, published_at,
    ended_at, decided_at, reason, report_words, reported_at, reports)
SELECT %s, 'bench' || n, 'nonce' || n, status,
       (ARRAY['public','public','public','civil_society','academia','media','state'])[1 + n %% 7],
       'Amina Example ' || n, 'teacher', '', (ARRAY['KE','FR','SN','ES','MX','IN','JP','EG','UA','PH'])[1 + n %% 10],
       (ARRAY['en','fr','es','ar'])[1 + n %% 4], repeat('My pupils come by line 42. ', 1 + n %% 20), '', '', '',
       status = 'published' AND n %% 2000 = 1, 1, 'voice' || n || '@support.example', 'voice' || n || '@support.example',
       sha256(('voice' || n || '@support.example')::bytea), 'en', '', '', '', '', at, at, at + interval '7 days',
       CASE WHEN status = 'published' THEN at END, CASE WHEN status = 'refused' THEN at END,
       CASE WHEN status <> 'confirmed' THEN at END, '', '',
       CASE WHEN status = 'published' AND n %% 500 = 1 THEN at END, 0
FROM (SELECT n, now() - n * interval '1 minute' AS at,
             CASE WHEN n <= %s THEN 'published' WHEN n %% 2 = 0 THEN 'confirmed' ELSE 'refused' END AS status
      FROM generate_series(1, %s) n) AS said
"""
DELIVERIES = """
INSERT INTO mailer_delivery (message_id, mailing_id, contact_id, kind, address, address_hash, context, status, reason,
    attempts, lapses, due_at, provider, provider_message_id, created_at, sent_at, delivered_at, opened_at, clicked_at,
    bounced_at, bounce_class, bounce_code)
SELECT %(message)s, %(mailing)s, id, 'mailing', address, address_hash, '{}', status, '', 1, 0, at, 'mailgun', '', at,
       CASE WHEN status = 'sent' THEN at END, CASE WHEN status = 'sent' AND NOT bounced THEN at END,
       CASE WHEN status = 'sent' AND NOT bounced AND id %% 3 = 0 THEN at END,
       CASE WHEN status = 'sent' AND NOT bounced AND id %% 19 = 0 THEN at END,
       CASE WHEN status = 'sent' AND bounced THEN at END,
       CASE WHEN status = 'sent' AND bounced THEN 'hard' ELSE '' END, ''
FROM (SELECT id, address, address_hash, (id + %(mailing)s) %% 97 = 0 AS bounced,
             CASE WHEN (id + %(mailing)s) %% 211 = 0 THEN 'failed' WHEN %(is_under_way)s AND id %% 2 = 0 THEN 'queued'
                  ELSE 'sent' END AS status,
             %(at)s::timestamptz + id * interval '2 milliseconds' AS at
      FROM contacts_contact ORDER BY id LIMIT %(people)s) AS people
"""
# What staff did, and of staff a handful.
ACTS = """
INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag, change_message, content_type_id, user_id)
SELECT now() - n * interval '1 minute', n::text, 'Campaign ' || n, 1 + n %% 3, 'Changed the story.',
       (SELECT id FROM django_content_type WHERE model = 'campaign'), %s FROM generate_series(1, %s) n
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--deliveries", type=int, default=10_000_000)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--expressions", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", choices=["public", "desk"])
    parser.add_argument("--page", default="", help="only pages whose name holds this")
    options = parser.parse_args()
    with empty_database(durable=True), tempfile.TemporaryDirectory() as folder:
        filled = fill_campaign(options.letters, options.expressions)
        sets = []
        if options.only != "desk":
            sets.append(("public", public_pages(filled), ""))
        if options.only != "public":
            fill_desk(filled, options.contacts, options.deliveries)
            sets.append(("desk", desk_pages(filled), filled.session))
        execute("VACUUM ANALYZE")
        for name, pages, session in sets:
            chosen = {page: path for page, path in pages.items() if options.page in page}
            for line in measured(Path(folder), chosen, session, options.rounds):
                print(json.dumps({"benchmark": "pages", "of": name, **line}), flush=True)


# --- what there is to look at ---------------------------------------------------------------------------------------


@dataclass
class Filled:
    """What the pages are about."""

    campaign: Any
    member: Any
    token: str
    session: str = ""
    mailings: list[Any] = field(default_factory=list)
    mailing_list: Any = None


def fill_campaign(letters: int, expressions: int) -> Filled:
    """The demo's campaign, as if so many people had written and spoken."""
    from django.conf import settings

    from advocacy import tokens
    from advocacy.demo import seeding
    from advocacy.models import Campaign, Submission
    from tests.factories import make_delivery, make_message

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    execute("SET statement_timeout = 0")
    seeding.seed()
    campaign = Campaign.objects.get(slug="common-bonds")
    member = campaign.memberships.select_related("organisation").first()
    supporters = letters // 2
    execute(SUPPORTERS, supporters)
    execute(SUBMISSIONS, campaign.pk, member.pk if member else None, supporters)
    first = make_delivery().pk + 1
    execute(LETTER_DELIVERIES, make_message().pk)
    execute(LETTERS, first)
    execute(EXPRESSIONS, campaign.pk, expressions, expressions + expressions // 50)
    mine = Submission.objects.filter(campaign=campaign).order_by("pk").last()
    return Filled(campaign, member, tokens.make(tokens.STATUS, mine))


def fill_desk(filled: Filled, contacts: int, deliveries: int) -> None:
    """People, mailings with a row for each, a log, and somebody who may see all of it."""
    from contacts.models import MailingList
    from tests.factories import make_user

    news = MailingList.objects.create(slug="bench", name="Bench")
    execute(PEOPLE, contacts)
    execute(SUBSCRIPTIONS, news.pk, news.pk, 70)
    execute(SUPPRESSIONS)
    people = min(contacts, deliveries // MAILINGS)
    filled.mailings = [_mailing(news, number, people) for number in range(MAILINGS)]
    filled.mailing_list = news
    user = make_user(username="bench", is_superuser=True)
    execute(ACTS, user.pk, 100_000)
    filled.session = _signed_in(user)


def _mailing(news: Any, number: int, people: int) -> Any:
    """One a week; the last one is being sent."""
    import datetime as dt

    from django.utils import timezone

    from mailer.models import Mailing
    from tests.factories import make_mailing, make_message

    is_under_way = number == MAILINGS - 1
    at = timezone.now() - dt.timedelta(weeks=MAILINGS - 1 - number, hours=2)
    mailing = make_mailing(
        mailing_list=news,
        name=f"Newsletter {number + 1}",
        status=Mailing.Status.SENDING if is_under_way else Mailing.Status.SENT,
        audience=people,
        starts_at=at,
        started_at=at,
        frozen_at=at,
        finished_at=None if is_under_way else at + dt.timedelta(hours=1),
        track_clicks=True,
        track_opens=True,
    )
    values = {"message": make_message().pk, "mailing": mailing.pk, "is_under_way": is_under_way, "at": at}
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(DELIVERIES, {**values, "people": people})
    return mailing


def _signed_in(user: Any) -> str:
    """The cookie of a session of hers."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}"


def public_pages(filled: Filled) -> dict[str, str]:
    base = f"/en/c/{filled.campaign.slug}/"
    return {
        "campaign": base,
        "campaign, Arabic": f"/ar/c/{filled.campaign.slug}/",
        "member": f"{base}with/{filled.member.organisation.slug}/",
        "choose": f"{base}write/?country=KE",
        "wall": f"{base}support/",
        "wall, narrowed": f"{base}support/?category=media&country=FR",
        "share": f"{base}share/",
        "resources": f"{base}resources/",
        "status": f"/en/letters/{filled.token}/",
    }


def desk_pages(filled: Filled) -> dict[str, str]:
    from django.urls import reverse

    sent, under_way = filled.mailings[0].pk, filled.mailings[-1].pk
    campaign = filled.campaign.pk
    contacts = reverse("admin:contacts_contact_changelist")
    deliveries = reverse("admin:mailer_delivery_changelist")
    letters = reverse("admin:advocacy_letter_changelist")
    queue = reverse("admin:advocacy_expression_look")
    log = reverse("admin:admin_logentry_changelist")
    people = reverse("admin:mailer_mailing_report_people", args=[sent])
    return {
        "start": "/staff/",
        "start, 90 days": "/staff/?days=90",
        "search": "/staff/search/?q=achieng",
        "contacts": contacts,
        "contacts, a name": f"{contacts}?q=achieng+name7",
        "contacts, an address": f"{contacts}?q=person77%40mail.example",
        "contacts, a country": f"{contacts}?country=FR",
        "lists": reverse("admin:contacts_mailinglist_changelist"),
        "a list": reverse("admin:contacts_mailinglist_change", args=[filled.mailing_list.pk]),
        "suppressions": reverse("admin:contacts_suppression_changelist"),
        "deliveries": deliveries,
        "deliveries, failed": f"{deliveries}?status__exact=failed",
        "letters": letters,
        "letters, of a person": f"{letters}?q=wandera",
        "letters, of a campaign": f"{letters}?campaign__id__exact={campaign}",
        "letters held": reverse("admin:advocacy_letter_held"),
        "submissions": reverse("admin:advocacy_submission_changelist"),
        "mailings": reverse("admin:mailer_mailing_changelist"),
        "report, sent": reverse("admin:mailer_mailing_report", args=[sent]),
        "report, under way": reverse("admin:mailer_mailing_report", args=[under_way]),
        "report, people": people,
        "report, people bounced": f"{people}?state=bounced",
        "campaign": reverse("admin:advocacy_campaign_change", args=[campaign]),
        "campaign, members": reverse("admin:advocacy_campaign_members", args=[campaign]),
        "a member's figures": reverse("admin:advocacy_membership_figures", args=[filled.member.pk]),
        "campaign, sharing": reverse("admin:advocacy_campaign_sharing", args=[campaign]),
        "campaign, support": reverse("admin:advocacy_campaign_support", args=[campaign]),
        "expressions": reverse("admin:advocacy_expression_changelist"),
        "expressions to look at": queue,
        "expressions published": f"{queue}?show=published",
        "log": log,
        "log, a word": f"{log}?q=campaign+777",
    }


# --- looking --------------------------------------------------------------------------------------------------------


def measured(folder: Path, pages: dict[str, str], session: str, rounds: int) -> Iterator[dict[str, Any]]:
    from tests.processes import LiveService, database_url_of_the_tests

    service = LiveService(folder, database_url_of_the_tests())
    try:
        web = service.start_web()
        visitor = Visitor(service.web_port, web.pid, session)
        for _warm in range(10):
            visitor.look(LIMIT)
        for name, path in pages.items():
            yield {"page": name, **_of_page(visitor, path, rounds)}
    finally:
        service.stop()


def _of_page(visitor: Visitor, path: str, rounds: int) -> dict[str, Any]:
    """Looks at a page, in blocks with looks at the limit between them, so that other work meets both alike."""
    first = visitor.look(path)
    page, limit = Looks(), Looks()
    for _block in range(max(1, rounds // _BLOCK)):
        limit.add(visitor, LIMIT, _LIMITS)
        page.add(visitor, path, _BLOCK)
        if (
            page.web + page.postgres > 20
        ):  # seconds: a page that is far over its goal need not be looked at forty times
            break
    return {
        "ms": round(statistics.median(page.ms), 1),
        "p95_ms": round(sorted(page.ms)[int(0.95 * (len(page.ms) - 1))], 1),
        "first_ms": round(first.ms, 1),
        "cpu_ms": page.a_look(page.web),
        "pg_cpu_ms": page.a_look(page.postgres),
        "limit_ms": round(statistics.median(limit.ms), 1),
        "limit_cpu_ms": limit.a_look(limit.web + limit.postgres),
        "ratio": round(
            (page.web + page.postgres)
            / len(page.ms)
            / max((limit.web + limit.postgres) / len(limit.ms), 1e-9),
            1,
        ),
        "bytes": first.bytes,
    }


@dataclass(frozen=True)
class Look:
    ms: float
    bytes: int


@dataclass
class Looks:
    """Some looks at one page, and what they cost in seconds of computing."""

    ms: list[float] = field(default_factory=list)
    web: float = 0.0
    postgres: float = 0.0

    def add(self, visitor: Visitor, path: str, times: int) -> None:
        web, postgres = visitor.web_cpu(), visitor.postgres_cpu()
        self.ms += [visitor.look(path).ms for _each in range(times)]
        self.web += visitor.web_cpu() - web
        self.postgres += visitor.postgres_cpu() - postgres

    def a_look(self, seconds: float) -> float:
        return round(1_000 * seconds / len(self.ms), 1)


class Visitor:
    """One connection to the site, kept open."""

    def __init__(self, port: int, web: int, session: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._web = web
        self._headers = {
            "Accept-Encoding": "gzip",
            "Accept-Language": "en-KE",
            **({"Cookie": session} if session else {}),
        }
        self._ticks = os.sysconf("SC_CLK_TCK")

    def look(self, path: str) -> Look:
        """Ask for a page and read it to its end. Raises AssertionError for anything but the page."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        ms = 1_000 * (time.perf_counter() - began)
        if answer.status != 200:
            text = gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body
            raise AssertionError(
                f"{path}: {answer.status} {answer.headers.get('Location', '')} {text[:500]!r}"
            )
        return Look(ms, len(body))

    def web_cpu(self) -> float:
        """Seconds of gunicorn and its workers."""
        return (
            sum(_ticks(pid) for pid in _pids() if pid == self._web or _parent(pid) == self._web) / self._ticks
        )

    def postgres_cpu(self) -> float:
        return sum(_ticks(pid) for pid in _postgres()) / self._ticks


if __name__ == "__main__":
    main()
