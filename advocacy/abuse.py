"""What stands between the public form and a machine that fills it (RELIABILITY §5: A3, A6, A10).

No puzzle, no cookie, no third party. A signed form token says when a form was opened, and one filling of it is
taken once; budgets per network and for the whole service slow the mail, then ask for a proof of work, which a
browser does unseen. Without JavaScript the letters wait for a person instead. Nothing is ever dropped in silence.

Budgets live in Valkey. If it is down, each process counts for itself with a quarter of the budget: the form lives,
and a flood still meets a bound.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import ipaddress
import json
import logging
import secrets
import time
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import altcha
import redis
from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from advocacy.models import Campaign

logger = logging.getLogger(__name__)

# A field that people do not see and browsers do not fill; what stands in it was put there by a machine.
HONEYPOT = "reference_2"
# The hidden fields of the proof of work, and of a browser that cannot do one (`<noscript>`).
SOLUTION = "altcha"
WITHOUT_SCRIPT = "without_script"

FORM_AGE = timedelta(days=2)
MIN_SECONDS = 3.0  # nobody reads, chooses and types faster
_SALT = "advocacy.abuse.form"

PER_NETWORK_SLOW = RateLimitItemPerMinute(20, 10)
PER_NETWORK_CHALLENGE = RateLimitItemPerMinute(60, 10)
PER_NETWORK_UNPROVEN = RateLimitItemPerMinute(30, 60)
# 10,000 supporters in a minute are a good day and must get through (F21).
GLOBAL_SLOW = RateLimitItemPerMinute(40_000, 10)
GLOBAL_CHALLENGE = RateLimitItemPerMinute(80_000, 10)
GLOBAL_UNPROVEN = RateLimitItemPerMinute(2_000, 60)
# A class or an office behind one address reads many pages; a machine that copies the lists reads thousands.
PER_NETWORK_LOOKUPS = RateLimitItemPerMinute(600, 10)
SLOW_MAIL = timedelta(seconds=90)

_CHALLENGE_MINUTES = 20
_ALGORITHM, _COST = "PBKDF2/SHA-256", 3_000


class BadForm(Exception):  # noqa: N818 - it is what the page says, not an error of ours
    """A form token that is not ours, or too old."""


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What the form's token tells: `form_key` makes a submission happen once, `age` is in seconds."""

    form_key: str
    age: float
    campaign_id: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a form.

    ok: take it. slow: take it, send its mail after `delay`. challenge: show the form again with `message` and a
    proof of work. hold: take it, and let a person look at its letters because of `reason`.
    """

    state: str
    message: str = ""
    reason: str = ""
    delay: timedelta = timedelta(0)

    @property
    def is_taken(self) -> bool:
        return self.state != "challenge"


# --- the form ---------------------------------------------------------------------------------------------------


def new_form(campaign: Campaign) -> str:
    """A token for the form: signed, with the time, without a cookie. One filling of it is taken once (`Writing.key`)."""
    facts = {"c": campaign.pk, "k": secrets.token_urlsafe(16), "t": time.time()}
    return signing.dumps(facts, salt=_SALT)


def read_form(token: str) -> FormFacts:
    """What a form's token tells. Raises BadForm for one that is forged, foreign or older than two days."""
    if len(token) > 500:
        raise BadForm
    try:
        found = signing.loads(token, salt=_SALT, max_age=FORM_AGE)
    except signing.BadSignature as error:
        raise BadForm from error
    return FormFacts(form_key=found["k"], age=max(0.0, time.time() - found["t"]), campaign_id=found["c"])


def network_of(request: HttpRequest) -> str:
    """The visitor's network as a keyed hash: an IPv4 /24 or an IPv6 /48, never the address itself. "" if unknown."""
    try:
        address = ipaddress.ip_address(_client_address(request))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    network = ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
    key = settings.ADDRESS_HASH_KEY.encode()
    return hmac.new(key, f"network:{network}".encode(), hashlib.sha256).hexdigest()[:32]


def _client_address(request: HttpRequest) -> str:
    """The address of the visitor: what the nearest trusted proxy saw, never what the visitor says of himself."""
    proxies: int = settings.TRUSTED_PROXIES
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(seen) >= proxies:
        return seen[-proxies].strip("[]")
    return str(request.META.get("REMOTE_ADDR", ""))


# --- the verdict --------------------------------------------------------------------------------------------------


def judge(request: HttpRequest, form: FormFacts) -> Verdict:
    """What to do with a posted form. Counts it against the budgets, so ask once for each post."""
    network = network_of(request)
    if request.POST.get(HONEYPOT):
        return Verdict("hold", reason="a field that people do not see was filled in")
    if form.age < MIN_SECONDS:
        return Verdict("hold", reason=f"the form was filled in within {MIN_SECONDS:.0f} seconds")
    heat = _heat(network)
    if heat == "cool":
        return Verdict("ok")
    if heat == "warm":
        return Verdict("slow", delay=SLOW_MAIL)
    if is_solved(request.POST.get(SOLUTION, "")):
        return Verdict("ok")
    if request.POST.get(WITHOUT_SCRIPT):
        return _without_script(network)
    return Verdict(
        "challenge",
        message=_(
            "Very many letters come in right now. Your browser does a short sum to show it is not a robot."
        ),
    )


def _without_script(network: str) -> Verdict:
    if _within(PER_NETWORK_UNPROVEN, "unproven", network) and _within(GLOBAL_UNPROVEN, "unproven"):
        return Verdict("hold", reason="sent while very many letters came in, without a proof of work")
    return Verdict(
        "challenge", message=_("Very many letters come in right now. Please try again in a few minutes.")
    )


def _heat(network: str) -> str:
    """`cool`, `warm` or `hot`: how much of the budgets is spent, this post included."""
    slow = [_within(PER_NETWORK_SLOW, "slow", network), _within(GLOBAL_SLOW, "slow")]
    fair = [_within(PER_NETWORK_CHALLENGE, "challenge", network), _within(GLOBAL_CHALLENGE, "challenge")]
    if not all(fair):
        return "hot"
    return "cool" if all(slow) else "warm"


def may_look_up(request: HttpRequest) -> bool:
    """Whether this network may search the representatives once more now (A9). Counts the search."""
    return _within(PER_NETWORK_LOOKUPS, "lookups", network_of(request))


# --- proof of work ------------------------------------------------------------------------------------------------


def new_challenge() -> dict[str, Any]:
    """A challenge for the widget, as JSON-ready data; good for 20 minutes and for one form."""
    challenge = altcha.create_challenge(
        _ALGORITHM,
        _COST,
        expires_at=int(time.time()) + _CHALLENGE_MINUTES * 60,
        data={"nonce": secrets.token_urlsafe(12)},
        hmac_secret=_challenge_key(),
    )
    return dict(challenge.to_dict())


def is_solved(payload: str) -> bool:
    """Whether a proof of work is right, ours, and was not used before (the library itself accepts replays)."""
    if not payload or len(payload) > 4_000:
        return False
    try:
        result = altcha.verify_solution(payload, _challenge_key())
        signature = str(json.loads(b64decode(payload))["challenge"]["signature"])
    except (ValueError, KeyError, TypeError, AttributeError, Base64Error):
        return False
    return bool(result.verified) and _first_use(hashlib.sha256(signature.encode()).hexdigest())


def _challenge_key() -> str:
    return hmac.new(settings.SECRET_KEY.encode(), b"advocacy.abuse.altcha", hashlib.sha256).hexdigest()


_used_here: dict[str, float] = {}


def _first_use(digest: str) -> bool:
    seconds = _CHALLENGE_MINUTES * 60
    try:
        return bool(_valkey().set(f"altcha:{digest}", 1, nx=True, ex=seconds))
    except redis.RedisError:
        now = time.time()
        for old in [key for key, until in _used_here.items() if until < now]:
            del _used_here[old]
        if digest in _used_here:
            return False
        _used_here[digest] = now + seconds
        return True


# --- budgets ------------------------------------------------------------------------------------------------------


@functools.cache
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)


@functools.cache
def _shared(*, sliding: bool) -> RateLimiter:
    storage = RedisStorage(settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3)
    return SlidingWindowCounterRateLimiter(storage) if sliding else FixedWindowRateLimiter(storage)


@functools.cache
def _own() -> RateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


_DOWN_SECONDS = 5.0
_down_until = 0.0


def _within(budget: RateLimitItem, *names: str) -> bool:
    """Spend one of a budget; False if it was spent already. A network's window slides, the whole one's is cheap."""
    global _down_until
    if time.monotonic() >= _down_until:
        try:
            return _shared(sliding=len(names) > 1).hit(budget, "advocacy", *names)
        except (redis.RedisError, StorageError):
            # Not asked again for some seconds: a form must not wait for a dead server four times over.
            _down_until = time.monotonic() + _DOWN_SECONDS
            logger.warning("the budgets of the form cannot be shared; this process counts for itself")
    smaller = RateLimitItemPerMinute(max(1, budget.amount // 4), budget.multiples)
    return _own().hit(smaller, "advocacy", *names)
