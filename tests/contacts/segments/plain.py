"""A rule tree judged person by person in plain Python, to hold against the compiled query; and people to judge."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from contacts.segments import compiling

COUNTRIES = ["", "KE", "FR", "ML"]
LANGUAGES = ["", "fr", "fr-CA", "ar"]
NAMES = ["", "Ann Example", "ann_lee", "100% Sam"]
DOMAINS = ["a.example", "b.a.example", "c.example"]
DAYS = ["2025-01-01", "2026-03-31", "2026-11-01"]
TAGS = ["peace", "water", "Peace"]


def found(rule: Any) -> set[int]:
    """Who matches by the compiled query."""
    return set(compiling.queryset(rule).values_list("pk", flat=True))


def holds(rule: dict[str, Any], one: dict[str, Any], lists: list[int]) -> bool:
    """Whether the person described as `one` (see `person`) matches; `lists` are the keys of the lists in order."""
    match rule:
        case {"all": parts}:
            return all(holds(part, one, lists) for part in parts)
        case {"any": parts}:
            return any(holds(part, one, lists) for part in parts)
        case {"not": part}:
            return not holds(part, one, lists)
    return _leaf(rule["field"], rule["is"], rule.get("value"), one, lists)


def _leaf(field: str, asked: str, value: Any, one: dict[str, Any], lists: list[int]) -> bool:
    match field, asked:
        case "address", "at":
            return one["domain"] in value
        case "address", "under":
            return any(f".{one['domain']}".endswith(f".{domain}") for domain in value)
        case "name", "contains":
            return value.upper() in one["name"].upper()
        case "name" | "language", "empty":
            return not one[field]
        case "country", "is":
            return one["country"] in value
        case "language", "is":
            return one["language"] in value or one["language"].partition("-")[0] in value
        case "created", "since":
            return one["created_at"].date().isoformat() >= value
        case "list", _:
            standing = one["lists"][lists.index(value["list"])]
            return standing == {"on": "confirmed", "pending": "pending", "left": "unsubscribed"}[asked]
        case "suppressed", _:
            return one["suppressed"] in {"all", "mailings"}
        case "mail", "clicked":
            return "clicked" in one["mails"]
        case "mail", "none_clicked":
            last = [mail for mail in one["mails"] if mail != "failed"][:value]
            return len(last) == value and "clicked" not in last
    return _attribute(field.partition(":")[2], asked, value, one["attributes"])


def _attribute(key: str, asked: str, value: Any, attributes: dict[str, Any]) -> bool:
    has = attributes.get(key)
    match key, asked:
        case _, "empty":
            return has in (None, "", [])
        case "city", "is":
            return isinstance(has, str) and has.upper() == value.upper()
        case "city", "contains":
            return isinstance(has, str) and value.upper() in has.upper()
        case "age", _:
            if not isinstance(has, int | float) or isinstance(has, bool):
                return False
            return {"is": has == value, "over": has > value, "under": has < value}[asked]
        case "joined", "before":
            return isinstance(has, str) and "" < has < value
        case "joined", "since":
            return isinstance(has, str) and has >= value
        case "member", _:
            return has is (asked == "yes")
        case "tags", "any":
            return any(tag in (has or []) for tag in value)
        case "tags", "all":
            return all(tag in (has or []) for tag in value)
    raise AssertionError(f"{key} {asked}")


def rule(field: str, asked: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "is": asked} | ({} if value is None else {"value": value})


def some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def leaves(lists: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the rules that `holds` can judge."""
    one_list = st.sampled_from(lists).map(lambda pk: {"list": pk})
    numbers = st.sampled_from([0, 18, 40.5, -3])
    return st.one_of(
        st.builds(rule, st.just("address"), st.sampled_from(["at", "under"]), some(DOMAINS)),
        st.builds(rule, st.just("name"), st.just("contains"), st.sampled_from(["ann", "_", "%", "SAM"])),
        st.builds(rule, st.sampled_from(["name", "language"]), st.just("empty")),
        st.builds(rule, st.just("country"), st.just("is"), some(COUNTRIES[1:])),
        st.builds(rule, st.just("language"), st.just("is"), some(["fr", "ar"])),
        st.builds(rule, st.just("created"), st.just("since"), st.sampled_from(DAYS)),
        st.builds(rule, st.just("list"), st.sampled_from(["on", "pending", "left"]), one_list),
        st.just(rule("suppressed", "mailings")),
        st.just(rule("mail", "clicked")),
        st.builds(rule, st.just("mail"), st.just("none_clicked"), st.integers(1, 2)),
        st.builds(
            rule,
            st.sampled_from([f"attribute:{key}" for key in ("city", "age", "joined", "member", "tags")]),
            st.just("empty"),
        ),
        st.builds(
            rule,
            st.just("attribute:city"),
            st.sampled_from(["is", "contains"]),
            st.sampled_from(["nairobi", "o"]),
        ),
        st.builds(rule, st.just("attribute:age"), st.sampled_from(["is", "over", "under"]), numbers),
        st.builds(
            rule, st.just("attribute:joined"), st.sampled_from(["before", "since"]), st.sampled_from(DAYS)
        ),
        st.builds(rule, st.just("attribute:member"), st.sampled_from(["yes", "no"])),
        st.builds(rule, st.just("attribute:tags"), st.sampled_from(["any", "all"]), some(TAGS)),
    )


def trees(lists: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    """Trees of a few levels."""
    return st.recursive(
        leaves(lists),
        lambda part: st.one_of(
            st.lists(part, max_size=4).map(lambda parts: {"all": parts}),
            st.lists(part, min_size=1, max_size=4).map(lambda parts: {"any": parts}),
            part.map(lambda one: {"not": one}),
        ),
        max_leaves=8,
    )


attributes = st.fixed_dictionaries(
    {},
    optional={
        "city": st.sampled_from(["Nairobi", "Goma", "", None]),
        # What a hand or an old import left behind: a value that is not of the attribute's kind.
        "age": st.sampled_from([0, 18, 40.5, 77, "18", True, None]),
        "joined": st.sampled_from([*DAYS, ""]),
        "member": st.sampled_from([True, False, None]),
        "tags": st.lists(st.sampled_from(TAGS), max_size=2),
    },
)

person = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "country": st.sampled_from(COUNTRIES),
        "language": st.sampled_from(LANGUAGES),
        "domain": st.sampled_from(DOMAINS),
        "created_at": st.sampled_from(DAYS).map(
            lambda day: dt.datetime.fromisoformat(f"{day}T00:00:00+00:00")
        ),
        "attributes": attributes,
        "lists": st.lists(
            st.sampled_from([None, "confirmed", "pending", "unsubscribed"]), min_size=2, max_size=2
        ),
        "suppressed": st.sampled_from([None, None, "all", "mailings", "confirmations"]),
        "mails": st.lists(st.sampled_from(["sent", "clicked", "failed"]), max_size=3),
    }
)
