"""What counting a segment costs at a million contacts.

    python benchmarks/bench_segments.py [--contacts 1000000] [--rounds 3]

Fills a database of its own with invented contacts (two lists, attributes of each kind, suppressions, newsletters).
Prints one JSON line a rule: `ms`, the quickest of some rounds of `counting.count`, reading the rule included;
`limit_ms`, the quickest raw `SELECT count(*)` of the whole table in the same run; their `ratio`; `found`; and `exact`,
false where the count was given up after its bound and estimated.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.database import empty_database

PEOPLE = """
INSERT INTO contacts_contact (address, address_key, address_hash, name, first_name, last_name, country, language,
                              time_zone, attributes, source, created_at, updated_at)
SELECT address, address, sha256(address::bytea), first || ' ' || last, first, last,
       -- Most people live in a few countries: KE 22 %%, FR 9 %%, IT 3 %%.
       (ARRAY['KE','FR','DE','US','ES','MX','SN','IN','JP','EG','UA','PH','CO','CA','NZ','GB','BR','ZA','NG','IT'])
           [1 + floor(20 * share * share)::int],
       (ARRAY['en','en','en','fr','fr','es','es','ar','de','sw'])[1 + n %% 10],
       (ARRAY['Africa/Nairobi','Europe/Paris','Europe/Berlin','America/New_York','Europe/Madrid'])[1 + n %% 5],
       jsonb_strip_nulls(jsonb_build_object(
           'city', 'City ' || (n * 7919 %% 500), 'age', 18 + (n * 31 %% 60), 'member', n %% 3 = 0,
           'joined', to_char(date '2015-01-01' + (n * 13 %% 4000)::int, 'YYYY-MM-DD'),
           'interests', CASE WHEN n %% 4 <> 0 THEN to_jsonb(
               (ARRAY['climate','justice','peace','water','press','prisons'])[1 + n %% 5 : 2 + n %% 5]) END)),
       'import', now() - n * interval '3 minutes', now() - n * interval '3 minutes'
FROM (SELECT n, random() AS share,
             'person' || n || '@' || (ARRAY['mail','post','web','home'])[1 + floor(4 * random() * random())::int]
                 || '.example' AS address,
             (ARRAY['Ann','Achieng','Maria','Jean','Omar','Wei','Olena','Juan','Fatima','Peter'])[1 + n %% 10] AS first,
             'Name' || (n * 104729 %% 30000) AS last
      FROM generate_series(1::bigint, %s) n) AS people
"""
# Of each list its share of the people: 85 % confirmed, 5 % pending, 10 % have left.
SUBSCRIPTIONS = """
INSERT INTO contacts_subscription (contact_id, mailing_list_id, status, reason, changed_at)
SELECT id, %s, CASE WHEN h %% 100 < 85 THEN 'confirmed' WHEN h %% 100 < 90 THEN 'pending' ELSE 'unsubscribed' END,
       CASE WHEN h %% 100 < 90 THEN '' ELSE 'left' END, created_at
FROM (SELECT *, abs(hashint8(id * 2 + %s)) AS h FROM contacts_contact) AS people WHERE h / 100 %% 100 < %s
"""
SUPPRESSIONS = """
INSERT INTO contacts_suppression (address_hash, reason, scope, evidence, created_at)
SELECT address_hash, (ARRAY['bounce', 'complaint', 'left'])[1 + id % 3],
       CASE WHEN id % 3 = 2 THEN 'mailings' ELSE 'all' END, '{}', now() FROM contacts_contact WHERE id % 25 = 0
"""
NEWSLETTERS = """
INSERT INTO mailer_delivery (message_id, kind, address, address_hash, context, status, reason, attempts, lapses, due_at,
    provider, provider_message_id, created_at, sent_at, delivered_at, clicked_at, bounce_class, bounce_code)
SELECT %s, 'mailing', '', address_hash, '{}', 'sent', '', 1, 0, at, '', '', at, at, at,
       CASE WHEN (id + number) %% 9 = 0 THEN at END, '', ''
FROM contacts_contact, LATERAL (SELECT number, now() - number * interval '1 week' AS at
                                FROM generate_series(1, 5) number) AS mailings WHERE id %% 5 = 0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with empty_database():
        rules = fill(options.contacts)
        execute("VACUUM ANALYZE")
        for line in measured(rules, options.rounds):
            print(json.dumps(line), flush=True)


def fill(contacts: int) -> dict[str, Any]:
    """So many contacts; returns the rules to count, by what they ask."""
    from contacts.models import Attribute, MailingList
    from tests.factories import make_message

    execute("SET statement_timeout = 0")
    kinds = {"city": "text", "age": "number", "joined": "date", "member": "yes_no", "interests": "tags"}
    Attribute.objects.bulk_create([Attribute(key=key, name=key, kind=kind) for key, kind in kinds.items()])
    news = MailingList.objects.create(slug="news", name="News").pk
    action = MailingList.objects.create(slug="action", name="Action").pk
    execute(PEOPLE, contacts)
    execute(SUBSCRIPTIONS, news, news, 70)
    execute(SUBSCRIPTIONS, action, action, 25)
    execute(SUPPRESSIONS)
    execute(NEWSLETTERS, make_message().pk)
    return rules_to_count(news, action)


def execute(sql: str, *values: Any) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)


def rules_to_count(news: int, action: int) -> dict[str, Any]:
    def rule(field: str, asked: str, value: Any = None) -> dict[str, Any]:
        return {"field": field, "is": asked, "value": value}

    kenya = rule("country", "is", ["KE"])
    two_countries = rule("country", "is", ["KE", "FR"])
    english = rule("language", "is", ["en"])
    on_news, on_action = rule("list", "on", {"list": news}), rule("list", "on", {"list": action})
    new = rule("created", "last", 365)
    city = rule("attribute:city", "is", "City 17")
    return {
        "country": kenya,
        "country and language": {"all": [kenya, english]},
        "on a list": on_news,
        "not on a list": {"not": on_news},
        "new in the last year": new,
        "attribute is a text": city,
        "attribute over a number": rule("attribute:age", "over", 40),
        "attribute since a date": rule("attribute:joined", "since", "2020-01-01"),
        "attribute has a tag": rule("attribute:interests", "any", ["peace"]),
        "address at a domain": rule("address", "at", ["mail.example"]),
        "words of a name": rule("name", "words", "achieng name7"),
        "on a list, in two countries": {"all": [on_news, two_countries]},
        "on a list, two countries, a language": {"all": [on_news, two_countries, english]},
        "on a list, new, over 40": {"all": [on_news, new, rule("attribute:age", "over", 40)]},
        "two countries, on a list, not on another": {"all": [two_countries, on_news, {"not": on_action}]},
        "on one of two lists": {"any": [on_news, on_action]},
        "in a country or on a list": {"any": [kenya, on_news]},
        "on a list, not suppressed": {"all": [on_news, {"not": rule("suppressed", "mailings")}]},
        "clicked in a newsletter": rule("mail", "clicked"),
        "clicked in none of the last 3": rule("mail", "none_clicked", 3),
    }


def measured(rules: dict[str, Any], rounds: int) -> Iterator[dict[str, Any]]:
    from contacts.models import Contact
    from contacts.segments import compiling, counting

    contacts = Contact.objects.count()
    for name, rule in rules.items():
        limit, _all = quickest(Contact.objects.count, rounds)
        ms, found = quickest(lambda rule=rule: counting.count(compiling.queryset(rule)), rounds)  # type: ignore[misc]
        yield {
            "benchmark": "segments",
            "rule": name,
            "contacts": contacts,
            "found": found.number,
            "exact": found.is_exact,
            "ms": round(ms),
            "limit_ms": round(limit),
            "ratio": round(ms / limit, 1),
        }


def quickest(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Milliseconds of the quickest round, and what the last one gave."""
    times, found = [], None
    for _number in range(rounds):
        began = time.perf_counter()
        found = work()
        times.append(1_000 * (time.perf_counter() - began))
    return min(times), found


if __name__ == "__main__":
    main()
