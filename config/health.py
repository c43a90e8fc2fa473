"""What a load balancer asks: does this process live, and may it be given work."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis, RedisError

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 if the database answers; without it no page can be shown."""
    return _answer({"database": _database_answers()})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 if the database and the broker answer. Pages work without the broker, mails wait for it."""
    return _answer({"database": _database_answers(), "broker": _broker_answers()})


def _answer(checks: dict[str, bool]) -> JsonResponse:
    return JsonResponse({"ok": all(checks.values()), **checks}, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.warning("the database does not answer", exc_info=True)
        return False
    return True


def _broker_answers() -> bool:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as broker:
            return bool(broker.ping())
    except RedisError:
        logger.warning("the broker does not answer", exc_info=True)
        return False
