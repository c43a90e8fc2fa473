"""The SQL of one batch of an import (`contacts.imports.merging`, which has the rules and the order).

Every statement is about the rows of one batch, by the words that `merging` gives it (`%(import)s`, `%(first)s` …), and
most of them work on the temporary table `merging`.
"""

from __future__ import annotations

# One row a person of the batch. It stays with the connection and is emptied by every commit.
#   contact: whom the row is about; for the unknown the number they get.   adding: they are stored.
#   blocked: may not be mailed, whatever the row says.                     erased: must not be stored.
#   held: the subscription as it stands.   wish: what it becomes, null where it stays as it is.
#   kept: the file says something else of them, and they are not only on the lists of who brought it.
TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS merging (
    line integer, address_hash bytea, contact bigint, known boolean, standing text, suppressing boolean,
    consent_at timestamptz, proof jsonb, blocked boolean, erased boolean, adding boolean,
    held text, wish text, reason text, suppressed_now boolean DEFAULT false, before jsonb, after jsonb,
    kept boolean DEFAULT false
) ON COMMIT DELETE ROWS
"""

FIELDS = ("name", "first_name", "last_name", "country", "language", "time_zone")
# `c` is known by more than the lists that whoever brought the file is bound to.
_BEYOND = """(%(bound)s::bigint[] IS NOT NULL AND (
    NOT EXISTS (SELECT FROM contacts_subscription o
        WHERE o.contact_id = c.id AND o.mailing_list_id = ANY(%(bound)s::bigint[]))
    OR EXISTS (SELECT FROM contacts_subscription o
        WHERE o.contact_id = c.id AND o.mailing_list_id <> ALL(%(bound)s::bigint[]))
))"""
# `r` says something else than `c`: a blank is no news.
_OTHERWISE = " OR ".join(
    [
        *(f"r.{field} NOT IN ('', c.{field})" for field in FIELDS),
        "c.attributes || r.attributes <> c.attributes",
    ]
)
# It may be written down as well: of people known beyond, only what nothing is known of.
_NEWS = f"""(({_OTHERWISE}) AND (NOT {_BEYOND} OR {
    " OR ".join(
        [
            *(f"c.{field} = '' AND r.{field} <> ''" for field in FIELDS),
            "r.attributes || c.attributes <> c.attributes",
        ]
    )
}))"""

# What the row says, taken with the mode.
_STANDING = """
CROSS JOIN LATERAL (
    SELECT standing, standing = ANY(%(suppressing)s) AS suppressing FROM (SELECT CASE
        WHEN r.standing = ANY(%(suppressing)s) THEN r.standing
        WHEN %(mode)s = 'suppress' THEN %(otherwise)s
        WHEN %(mode)s = 'unsubscribe' THEN 'unsubscribed'
        ELSE r.standing END AS standing) named
) s
"""

# What suppressions say of the address; nearly always nothing, so the second question is hardly ever asked. Who said
# "it was not me" of a sign-up is asked nothing for a year, and no file signs them up meanwhile.
_SUPPRESSIONS = """
    FROM contacts_suppression WHERE address_hash = r.address_hash
        AND (scope IN ('all', 'mailings') OR reason = 'not_me')
        AND (ends_at IS NULL OR ends_at > now())
"""
_SUPPRESSED = f"""
CROSS JOIN LATERAL (SELECT EXISTS (SELECT {_SUPPRESSIONS}) AS suppressed OFFSET 0) p
CROSS JOIN LATERAL (SELECT p.suppressed AND EXISTS (SELECT {_SUPPRESSIONS} AND reason = 'erased') AS erased) x
"""

# Of a row `r` with its contact `c` (if any), standing `s` and suppression `x`.
_FACTS = """
    r.line, s.standing, s.suppressing, c.id IS NOT NULL AS known,
    s.suppressing OR p.suppressed AS blocked,
    s.standing = 'erased' OR x.erased AS erased,
    c.id IS NULL AND s.standing <> 'erased' AND NOT x.erased AND %(mode)s <> 'suppress' AS adding
"""

# Who left stays away; a refusal counts in every mode; a file without consent takes none away that was given to us.
_WISH = """
CASE
    WHEN %(list)s IS NULL OR %(mode)s = 'suppress' THEN NULL
    WHEN NOT known THEN CASE
        WHEN NOT adding THEN NULL WHEN blocked OR standing <> '' THEN 'unsubscribed' ELSE 'confirmed' END
    WHEN held = 'unsubscribed' THEN NULL
    WHEN standing = ANY(%(refusals)s) THEN 'unsubscribed'
    WHEN %(mode)s = 'add' THEN NULL
    WHEN blocked OR standing <> '' THEN CASE WHEN held IS NULL THEN 'unsubscribed' END
    WHEN held = 'confirmed' THEN NULL
    ELSE 'confirmed' END
"""

_CREATED = "adding OR suppressed_now AND (NOT known OR %(mode)s = 'suppress')"
_UPDATED = """
known AND %(mode)s <> 'suppress' AND (after IS NOT NULL OR wish IS NOT NULL OR suppressed_now)
"""
_NOT_MAILABLE = "blocked OR coalesce(wish, held) = 'unsubscribed' OR %(list)s IS NULL AND standing <> ''"

# One look-up a row, and never a scan of all contacts a batch: hence LATERAL with its fence (OFFSET 0).
LOOK = f"""
INSERT INTO merging (line, standing, suppressing, known, blocked, erased, adding, address_hash, contact, consent_at,
    proof, wish, reason)
SELECT line, standing, suppressing, known, blocked, erased, adding, address_hash, contact, consent_at, proof,
    CASE WHEN NOT known THEN {_WISH} END,
    CASE WHEN blocked THEN 'suppressed' WHEN standing <> '' THEN %(meanings)s::jsonb -> standing ->> 0 END
FROM (
    SELECT {_FACTS}, r.address_hash, coalesce(c.id, nextval('contacts_contact_id_seq')) AS contact, r.consent_at,
        r.proof, NULL AS held
    FROM contacts_importrow r {_STANDING}
    LEFT JOIN LATERAL (
        SELECT id FROM contacts_contact WHERE address_key = r.address_key OFFSET 0
    ) c ON true {_SUPPRESSED}
    WHERE r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s AND r.result = ''
    ORDER BY r.line
) found
"""

# The lock of `suppressions.hold`: for every address to be suppressed, in its order, before any row is locked.
HOLD = """
SELECT pg_advisory_xact_lock(%(space)s, number) FROM (
    SELECT DISTINCT ('x' || encode(substr(address_hash, 1, 4), 'hex'))::bit(32)::integer AS number
    FROM merging WHERE suppressing ORDER BY 1
) numbers
"""

LOCK_CONTACTS = """
SELECT id FROM contacts_contact WHERE id IN (SELECT contact FROM merging WHERE known)
ORDER BY id FOR NO KEY UPDATE
"""

LOCK_SUBSCRIPTIONS = """
WITH standing AS (
    SELECT contact_id, status FROM contacts_subscription
    WHERE mailing_list_id = %(list)s AND contact_id IN (SELECT contact FROM merging WHERE known)
    ORDER BY contact_id FOR NO KEY UPDATE
)
UPDATE merging SET held = standing.status FROM standing WHERE contact = standing.contact_id AND known
"""

WISH_OF_KNOWN = f"UPDATE merging SET wish = {_WISH} WHERE known"

# As `suppressions.suppress`: a repeat may lengthen what ends, and begins anew what had ended.
SUPPRESS = """
WITH written AS (
    INSERT INTO contacts_suppression AS old (address_hash, reason, scope, evidence)
    SELECT address_hash, %(meanings)s::jsonb -> standing ->> 1, %(meanings)s::jsonb -> standing ->> 2,
        jsonb_build_object('import', %(import)s::bigint, 'line', line)
    FROM merging WHERE suppressing ORDER BY address_hash
    ON CONFLICT (address_hash, scope, reason) DO UPDATE SET ends_at = NULL,
        created_at = CASE WHEN old.ends_at <= now() THEN now() ELSE old.created_at END
    WHERE old.ends_at IS NOT NULL
    RETURNING address_hash
)
UPDATE merging SET suppressed_now = true FROM written WHERE merging.address_hash = written.address_hash
"""

# All of a batch bears the time of its transaction: the undo tells by it what came later. (The default of these columns
# is the time of each statement.)
ADD = """
INSERT INTO contacts_contact (id, address, address_key, address_hash, name, first_name, last_name, country, language,
    time_zone, attributes, organisation_id, source, from_import_id, created_at, updated_at)
SELECT m.contact, r.address, r.address_key, r.address_hash, r.name, r.first_name, r.last_name, r.country, r.language,
    r.time_zone, r.attributes, %(organisation)s, %(source)s, %(import)s, now(), now()
FROM merging m JOIN contacts_importrow r USING (line)
WHERE m.adding AND r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s
ORDER BY m.contact
"""


def _differing(side: str, value: str) -> str:
    """JSON of the fields in which `r` brings something else than `c` has, as one of the two has them."""
    fields = ", ".join(
        f"'{field}', CASE WHEN r.{field} NOT IN ('', c.{field}) AND (c.{field} = '' OR NOT {_BEYOND})"
        f" THEN {side}.{field} END"
        for field in FIELDS
    )
    return f"""jsonb_strip_nulls(jsonb_build_object({fields}, 'attributes', (
        SELECT jsonb_object_agg(key, {value}) FROM jsonb_each(r.attributes)
        WHERE c.attributes -> key IS DISTINCT FROM value AND (c.attributes -> key IS NULL OR NOT {_BEYOND})
    )))"""


_BEFORE = _differing("c", "c.attributes -> key")
_AFTER = _differing("r", "value")
UPDATE = f"""
WITH news AS (
    SELECT m.line, c.id, {_BEFORE} AS before, {_AFTER} AS after
    FROM merging m
    JOIN contacts_contact c ON c.id = m.contact
    JOIN contacts_importrow r ON r.line = m.line AND r.from_import_id = %(import)s
        AND r.line BETWEEN %(first)s AND %(last)s
    WHERE m.known AND NOT m.erased AND ({_NEWS})
), changed AS (
    UPDATE contacts_contact c SET updated_at = now(),
        {", ".join(f"{field} = coalesce(after ->> '{field}', c.{field})" for field in FIELDS)},
        attributes = c.attributes || coalesce(after -> 'attributes', '{{}}')
    FROM news WHERE news.id = c.id
)
UPDATE merging SET before = news.before, after = news.after FROM news WHERE news.line = merging.line
"""

KEEP = f"""
UPDATE merging SET kept = true
FROM contacts_contact c, contacts_importrow r
WHERE known AND NOT erased AND c.id = contact AND r.line = merging.line AND r.from_import_id = %(import)s
    AND r.line BETWEEN %(first)s AND %(last)s AND {_BEYOND} AND ({
    " OR ".join(
        [
            *(f"c.{field} <> '' AND r.{field} NOT IN ('', c.{field})" for field in FIELDS),
            "c.attributes || r.attributes <> r.attributes || c.attributes",
        ]
    )
})
"""

SUBSCRIBE = """
INSERT INTO contacts_subscription (contact_id, mailing_list_id, status, reason, changed_at)
SELECT contact, %(list)s, wish, CASE wish WHEN 'unsubscribed' THEN reason ELSE '' END, now()
FROM merging WHERE wish IS NOT NULL AND held IS NULL ORDER BY contact
"""

RESUBSCRIBE = """
UPDATE contacts_subscription s
SET status = wish, reason = CASE wish WHEN 'unsubscribed' THEN m.reason ELSE '' END, changed_at = now()
FROM merging m
WHERE s.contact_id = m.contact AND s.mailing_list_id = %(list)s AND m.wish IS NOT NULL AND m.held IS NOT NULL
    AND s.contact_id = ANY(ARRAY(SELECT contact FROM merging WHERE wish IS NOT NULL AND held IS NOT NULL))
"""

# The proof of a consent stands with the import; a row brings what it says beyond that. Nobody who already was on
# the list consents again by a file, so the same file twice says nothing new. A day that nobody tells stays unknown; a
# refusal counts from the moment we learn of it.
CONSENT = """
INSERT INTO contacts_consent (address_hash, contact_id, mailing_list_id, purpose, granted, text, page, source,
    from_import_id, proof, given_at)
SELECT address_hash, contact, %(list)s, 'newsletter', wish = 'confirmed', '', '', %(source)s,
    %(import)s, coalesce(proof, '{}'),
    CASE WHEN wish = 'confirmed' THEN coalesce(consent_at, %(consent_date)s::date) ELSE now() END
FROM merging WHERE wish = 'confirmed' OR wish = 'unsubscribed' AND standing = ANY(%(withdrawn)s)
ORDER BY contact
"""

# Whom another import brought or changed, and this one found as the file has them, is noted too, so that an undo of the
# other takes nothing away that this one says as well.
_TOUCHED = """(
    EXISTS (SELECT FROM contacts_contact c WHERE c.id = contact AND c.from_import_id IS NOT NULL OFFSET 0)
    OR EXISTS (SELECT FROM contacts_importchange c WHERE c.contact_id = contact OFFSET 0)
)"""
_SAID = """
    (wish IS NOT NULL OR CASE held WHEN 'confirmed' THEN standing = '' AND NOT blocked
        WHEN 'unsubscribed' THEN standing = ANY(%(refusals)s) ELSE false END)
"""
CHANGES = f"""
INSERT INTO contacts_importchange (from_import_id, line, contact_id, before, after)
SELECT %(import)s, line, contact,
    coalesce(before, '{{}}') || CASE WHEN {_SAID} THEN jsonb_build_object('subscription', held) ELSE '{{}}' END,
    coalesce(after, '{{}}')
        || CASE WHEN {_SAID} THEN jsonb_build_object('subscription', coalesce(wish, held)) ELSE '{{}}' END
FROM merging WHERE known AND (after IS NOT NULL OR wish IS NOT NULL OR {_TOUCHED})
"""

# What became of each line, once; the rows of the file are not written again.
DONE = f"""
UPDATE contacts_importbatch SET done_at = now(), created = found.created, updated = found.updated,
    suppressed = found.suppressed, kept = found.kept
FROM (SELECT
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_CREATED}), '{{}}') AS created,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_UPDATED}), '{{}}') AS updated,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE {_NOT_MAILABLE}), '{{}}') AS suppressed,
    coalesce(array_agg(line ORDER BY line) FILTER (WHERE kept), '{{}}') AS kept
    FROM merging) found
WHERE id = %(batch)s
"""

# The same questions without an answer written down. Many rows at a time, so the planner chooses how to join.
_FORETOLD = f"""
SELECT *, {_WISH} AS wish FROM (
    SELECT {_FACTS}, c.id AS contact, h.status AS held,
        c.id IS NOT NULL AND %(mode)s = 'update' AND s.standing <> 'erased' AND NOT x.erased AS updating,
        s.suppressing AND NOT EXISTS (
            SELECT FROM contacts_suppression same WHERE same.address_hash = r.address_hash
            AND same.reason = %(meanings)s::jsonb -> s.standing ->> 1
            AND same.scope = %(meanings)s::jsonb -> s.standing ->> 2 AND same.ends_at IS NULL
        ) AS suppressed_now, {{more}}
    FROM contacts_importrow r {_STANDING}
    LEFT JOIN contacts_contact c ON c.address_key = r.address_key
    LEFT JOIN contacts_subscription h ON h.contact_id = c.id AND h.mailing_list_id = %(list)s {_SUPPRESSED}
    WHERE r.from_import_id = %(import)s AND r.line BETWEEN %(first)s AND %(last)s AND r.result = ''
) facts
"""
FORETELL = f"""
SELECT count(*) FILTER (WHERE {_CREATED}), count(*) FILTER (WHERE {_UPDATED}),
    count(*) FILTER (WHERE NOT coalesce({_CREATED}, false) AND NOT coalesce({_UPDATED}, false)),
    count(*) FILTER (WHERE {_NOT_MAILABLE})
FROM (
    SELECT *, CASE WHEN updating AND news THEN true END AS after
    FROM ({_FORETOLD.format(more=f"coalesce({_NEWS}, false) AS news")}) known
) found
"""
FORETELL_CHANGES = f"""
SELECT line, contact,
    CASE WHEN updating THEN before ELSE '{{}}' END
        || CASE WHEN wish IS NULL THEN '{{}}' ELSE jsonb_build_object('subscription', held) END,
    CASE WHEN updating THEN after ELSE '{{}}' END
        || CASE WHEN wish IS NULL THEN '{{}}' ELSE jsonb_build_object('subscription', wish) END
FROM ({_FORETOLD.format(more=f"{_BEFORE} AS before, {_AFTER} AS after")}) found
WHERE known AND %(mode)s <> 'suppress' AND (wish IS NOT NULL OR updating AND after <> '{{}}')
ORDER BY line LIMIT %(most)s
"""
