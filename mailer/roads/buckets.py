"""How fast mails may leave: token buckets in Valkey, shared by all workers, and the circuit breaker beside them.

One script asks and takes at once, so that workers cannot race. A sender has what staff set (mails a second and a day) and
what the provider taught us: a "slow down" halves the pace, which then grows again bit by bit. A sender of whom nothing is
known, because it is new or the notes are lost (F28), starts slow and doubles each second: never unlimited at once. A
receiving domain has a bucket only after it deferred us.

All this is an aid: what it forgets, the provider says again. Without Valkey a road goes at a slow pace of its own.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import redis
from django.utils import timezone

from mailer import providers, throttle
from mailer.models import Sender
from mailer.providers import Answer, Outcome
from mailer.roads.contract import Recipient, Turn

logger = logging.getLogger(__name__)

START = 200.0  # mails a second of a sender of whom nothing is known
FREE = 50_000.0  # mails a second from which on a pace is no limit
SLOWEST = 0.5
BLIND = 20  # mails a second of one worker while Valkey is away
FORGET = 6 * 3_600  # seconds after which what was learned is forgotten
FAILURES = 20  # calls that failed in a row open the breaker
PROBE_SECONDS = 60  # and then one call a minute is let through
DOMAIN_START = 5.0  # mails a second to a domain after it deferred us
DOMAIN_FREE = 200.0
DOMAIN_HOLD = 60  # seconds for which it is left in peace first

# KEYS: pace, day, failures, probe, slow domains, hold. ARGV: wanted, per second, per day, seconds left of today.
# Answers {granted, milliseconds to wait, why, failures so far, slow domains …}.
_TAKE = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local wanted, limit, per_day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local failures = tonumber(redis.call('GET', KEYS[3]) or '0')
local held = redis.call('PTTL', KEYS[6])
if held > 0 then return {{0, held, 'hold', failures}} end
if failures >= {FAILURES} then
  if not redis.call('SET', KEYS[4], 1, 'NX', 'PX', {PROBE_SECONDS * 1_000}) then
    return {{0, redis.call('PTTL', KEYS[4]), 'breaker', failures}}
  end
  wanted = 1
end
if per_day > 0 then
  local left = per_day - tonumber(redis.call('GET', KEYS[2]) or '0')
  if left <= 0 then return {{0, tonumber(ARGV[4]) * 1000, 'day', failures}} end
  wanted = math.min(wanted, left)
end

local known = redis.call('HMGET', KEYS[1], 'learned', 'grown', 'taught', 'tokens', 'at')
local learned, grown = tonumber(known[1] or {START}), tonumber(known[2] or now)
local tokens, at = tonumber(known[4] or '0'), tonumber(known[5] or now)
local passed = math.min(now - grown, 60)
if passed >= 1 then
  learned = math.min(learned * (known[3] and 1 + passed / 600 or 2), {FREE})
  grown = now
end
local pace = limit > 0 and math.min(learned, limit) or learned
local granted, wait = wanted, 0
if pace < {FREE} then
  -- A second's worth can be saved up. A quarter of one is worth a window.
  tokens = math.min(tokens + math.max(now - at, 0) * pace, math.max(pace, 1))
  local enough = math.max(math.min(wanted, pace / 4), 1)
  granted = tokens >= enough and math.min(wanted, math.floor(tokens)) or 0
  wait = granted == 0 and math.ceil((enough - tokens) / pace * 1000) or 0
  tokens = tokens - granted
end
redis.call('HSET', KEYS[1], 'learned', learned, 'grown', grown, 'tokens', tokens, 'at', now)
redis.call('EXPIRE', KEYS[1], {FORGET})
if per_day > 0 and granted > 0 then
  redis.call('INCRBY', KEYS[2], granted)
  redis.call('EXPIRE', KEYS[2], 172800)
end
return {{granted, wait, 'pace', failures, unpack(redis.call('ZRANGEBYSCORE', KEYS[5], now, '+inf', 'LIMIT', 0, 5000))}}
"""

# KEYS: pace, hold. ARGV: limit, milliseconds. "Slow down": nobody asks for so long, then at half the pace, which grows
# by a tenth a minute from now on. Halved once a second, however many workers were told.
_SLOW_DOWN = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
if tonumber(ARGV[2]) > redis.call('PTTL', KEYS[2]) then redis.call('SET', KEYS[2], 1, 'PX', ARGV[2]) end
local known = redis.call('HMGET', KEYS[1], 'learned', 'taught')
if known[2] and now - tonumber(known[2]) < 1 then return end
local pace = math.max(math.min(tonumber(known[1] or {START}), tonumber(ARGV[1])) / 2, {SLOWEST})
redis.call('HSET', KEYS[1], 'learned', pace, 'taught', now, 'grown', now, 'tokens', 0, 'at', now)
redis.call('EXPIRE', KEYS[1], {FORGET})
"""

# KEYS: the domain, slow domains. ARGV: name, wanted; or name alone: it deferred us. Answers {granted, milliseconds}.
_DOMAIN = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local known = redis.call('HMGET', KEYS[1], 'pace', 'until', 'tokens', 'at')
local pace, before = tonumber(known[1] or {DOMAIN_START}), tonumber(known[2] or '0')
if not ARGV[2] then
  if now < before then return {{0, 0}} end
  if known[1] then pace = math.max(pace / 2, {SLOWEST}) end
  redis.call('HSET', KEYS[1], 'pace', pace, 'until', now + {DOMAIN_HOLD}, 'tokens', 0, 'at', now + {DOMAIN_HOLD})
  redis.call('EXPIRE', KEYS[1], {FORGET})
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], now + {FORGET}, ARGV[1])
  return {{0, 0}}
end
local wanted = tonumber(ARGV[2])
if now < before then return {{0, math.ceil((before - now) * 1000)}} end
local at = tonumber(known[4] or now)
pace = pace * (1 + math.max(now - at, 0) / 60)
if pace >= {DOMAIN_FREE} then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  return {{wanted, 0}}
end
local tokens = math.min(tonumber(known[3] or '0') + math.max(now - at, 0) * pace, math.max(pace * 10, 1))
local granted = math.min(wanted, math.floor(tokens))
redis.call('HSET', KEYS[1], 'pace', pace, 'tokens', tokens - granted, 'at', now)
return {{granted, math.ceil(1000 / pace * (wanted - granted + 1))}}
"""


class Pace:
    """One worker's share of what a sender may send by one provider."""

    def __init__(self, sender: Sender, provider: str) -> None:
        self._limit, self._per_day = sender.per_second, sender.per_day
        self._pace_key = f"mailer:pace:{provider}:{sender.pk}"
        self._failures_key = f"mailer:failures:{provider}"
        # The main provider's hold stops letters and confirmations too.
        main = provider == providers.provider_name()
        self._hold_key = throttle.HOLD_ALL if main else f"{throttle.HOLD_ALL}:{provider}"
        self._left = 0  # granted and not used yet
        self._failures = 0
        self._slow: frozenset[str] = frozenset()
        self._blind_until = 0.0

    def turn(self, people: int) -> Turn:
        """How many of so many people may be asked for now. What an earlier turn left over counts first."""
        if self._left >= people:
            return Turn(people)
        try:
            granted, wait, why = self._take(people - self._left)
        except redis.RedisError:
            return self._blindly(people)
        self._left += granted
        if self._left:
            return Turn(self._left)
        return Turn(0, wait, _WORDS.get(why, ""))

    def used(self, people: int) -> None:
        """So many were asked for."""
        self._left = max(self._left - people, 0)

    def split(self, recipients: Sequence[Recipient]) -> dict[int, Outcome]:
        """Whom not to ask for now, because their domain is at its pace: index to outcome. Mostly empty, and then quick."""
        if not self._slow:
            return {}
        of_slow: dict[str, list[int]] = {}
        for index, recipient in enumerate(recipients):
            domain = _domain(recipient.address)
            if domain in self._slow:
                of_slow.setdefault(domain, []).append(index)
        held: dict[int, Outcome] = {}
        for domain, indexes in of_slow.items():
            try:
                granted, wait = _domain_script(domain, len(indexes))
            except redis.RedisError:
                granted, wait = 0, DOMAIN_HOLD * 1_000
            outcome = Outcome(
                Answer.HELD, reason="its mail server asked for a slower pace", wait=wait / 1_000
            )
            held |= dict.fromkeys(indexes[granted:], outcome)
        return held

    def learn(self, recipients: Sequence[Recipient], outcomes: Sequence[Outcome]) -> None:
        """Take from the answers what they say of the pace. Never raises."""
        if not outcomes:
            return
        answers = Counter(outcome.answer for outcome in outcomes)
        try:
            if answers[Answer.SLOW_DOWN]:
                wait = max(outcome.wait or 0.0 for outcome in outcomes) or 60.0
                limit = self._limit or FREE
                throttle.valkey().eval(
                    _SLOW_DOWN, 2, self._pace_key, self._hold_key, limit, int(wait * 1_000)
                )
            if answers.keys() <= {Answer.LATER, Answer.UNKNOWN} and not any(each.code for each in outcomes):
                self._fail()
            elif self._failures:
                throttle.valkey().delete(self._failures_key, f"{self._failures_key}:probe")
                self._failures = 0
            if answers[Answer.LATER]:
                pairs = zip(recipients, outcomes, strict=True)
                deferred(_domain(person.address) for person, said in pairs if said.code.startswith("4"))
        except redis.RedisError:
            logger.warning("what a provider's answers say of the pace could not be noted")

    def give_back(self) -> None:
        """Return what was granted and is not needed. Never raises."""
        left, self._left = self._left, 0
        if not left:
            return
        try:
            throttle.valkey().hincrbyfloat(self._pace_key, "tokens", left)
            if self._per_day:
                throttle.valkey().decrby(self._day_key(), left)
        except redis.RedisError:
            logger.warning("what a worker did not use of its pace could not be noted")

    def _take(self, people: int) -> tuple[int, float, str]:
        midnight = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        granted, wait, why, failures, *slow = throttle.valkey().eval(
            _TAKE,
            6,
            self._pace_key,
            self._day_key(),
            self._failures_key,
            f"{self._failures_key}:probe",
            _SLOW_DOMAINS,
            self._hold_key,
            people,
            self._limit,
            self._per_day,
            int((midnight - timezone.now()).total_seconds()) + 1,
        )
        self._failures = int(failures)
        self._slow = frozenset(name.decode() for name in slow)
        return int(granted), int(wait) / 1_000, why.decode()

    def _day_key(self) -> str:
        return f"{self._pace_key}:{timezone.now():%Y-%m-%d}"

    def _fail(self) -> None:
        self._failures = int(throttle.valkey().incr(self._failures_key))
        throttle.valkey().expire(self._failures_key, FORGET)
        if self._failures == FAILURES:
            throttle.valkey().set(f"{self._failures_key}:probe", 1, ex=PROBE_SECONDS)
            logger.error("the provider has failed us again and again; it is asked once a minute from now on")

    def _blindly(self, people: int) -> Turn:
        if self._per_day:
            return Turn(0, 30.0, "nobody can say how much of the day's quota is left")
        now = time.monotonic()
        if now < self._blind_until:
            return Turn(0, self._blind_until - now, "the notes of the pace are away")
        self._blind_until = now + 1.0
        return Turn(min(people, self._limit or BLIND, BLIND))


def paced(
    pace: Pace, recipients: Sequence[Recipient], ask: Callable[[Sequence[Recipient]], list[Outcome]]
) -> list[Outcome]:
    """Ask for those whose domain may be written to now, and learn from the answers."""
    held = pace.split(recipients)
    asked = [each for index, each in enumerate(recipients) if index not in held] if held else recipients
    pace.used(len(recipients))
    outcomes = ask(asked) if asked else []
    pace.learn(asked, outcomes)
    if not held:
        return outcomes
    answers = iter(outcomes)
    return [held[index] if index in held else next(answers) for index in range(len(recipients))]


def deferred(domains: Iterable[str]) -> None:
    """These receiving domains put mail off: leave them in peace for a minute, then write to them slowly.

    Raises redis.RedisError. Safe to repeat: a domain that is left in peace already is not slowed further.
    """
    for domain in set(domains):
        _domain_script(domain)


_SLOW_DOMAINS = "mailer:slow-domains"
_WORDS = {
    "day": "the day's quota is spent",
    "breaker": "the provider has failed again and again; it is tried once a minute",
    "hold": "the provider asked us to wait",
    "pace": "the pace of the sender",
}


def _domain_script(domain: str, *wanted: int) -> tuple[int, int]:
    granted, wait = throttle.valkey().eval(
        _DOMAIN, 2, f"mailer:domain:{domain}", _SLOW_DOMAINS, domain, *wanted
    )
    return int(granted), int(wait)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
