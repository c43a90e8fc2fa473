"""Settings that must not drift, and a start that says what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import mail_providers

PRODUCTION = {
    "EPISTLE_ENV": "production",
    "SECRET_KEY": "x" * 50,
    "ADDRESS_HASH_KEY": "y" * 50,
    "PREFERENCE_LINK_KEY": "z" * 50,
    "SITE_URL": "https://act.example.org",
    "ALLOWED_HOSTS": "act.example.org",
    "DATABASE_URL": "postgres://epistle:secret@db.example/epistle",
    "REDIS_URL": "redis://:secret@valkey.example:6379/0",
    "MAIL_DOMAIN": "mail.example.org",
    "POSTAL_ADDRESS": "Example Coalition, 1 Example Street, The Hague",
    "MEDIA_ROOT": "/var/lib/epistle/media",
    "MAILGUN_API_KEY": "key",
    "MAILGUN_WEBHOOK_SIGNING_KEY": "key",
    "WEBHOOK_SECRET": "user:secret",
}


def start(checkout: Path, environment: dict[str, str], code: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; settings.DEBUG; {code}"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_celery_is_a_doorbell_and_the_rows_are_the_queue():
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_TASK_IGNORE_RESULT is True
    assert settings.CELERY_TASK_ACKS_LATE is True
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST is False
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert not getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False)
    lease = settings.DELIVERY_LEASE_SECONDS
    visibility = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    mail = sum(settings.ANYMAIL["REQUESTS_TIMEOUT"])
    assert mail < settings.CELERY_TASK_TIME_LIMIT < lease < visibility


def test_every_task_has_a_queue_that_a_worker_of_make_run_listens_to(checkout):
    from config.celery import app

    app.loader.import_default_modules()
    listened = (checkout / "embedded" / "run.py").read_text()
    for name in [name for name in app.tasks if not name.startswith("celery.")]:
        queue = app.amqp.router.route({}, name)["queue"].name
        assert queue in listened, f"{name} goes to {queue}, which no worker takes"


def test_a_production_machine_starts_with_these_variables(checkout):
    assert start(checkout, PRODUCTION).returncode == 0


@pytest.mark.parametrize("missing", sorted(set(PRODUCTION) - {"EPISTLE_ENV"}))
def test_a_missing_variable_stops_the_start_with_its_name_and_an_example(checkout, missing):
    left = {name: value for name, value in PRODUCTION.items() if name != missing}
    ended = start(checkout, left)
    assert ended.returncode != 0
    assert f"{missing} is not set. Example: {missing}=" in ended.stderr


def test_postmark_needs_its_token_and_no_key_of_mailgun(checkout):
    postmark = {name: value for name, value in PRODUCTION.items() if not name.startswith("MAILGUN")}
    postmark |= {"MAIL_PROVIDER": "postmark"}
    assert "POSTMARK_SERVER_TOKEN is not set." in start(checkout, postmark).stderr
    assert start(checkout, {**postmark, "POSTMARK_SERVER_TOKEN": "token"}).returncode == 0
    assert "must be one of amazon_ses, brevo," in start(checkout, {**PRODUCTION, "MAIL_PROVIDER": "x"}).stderr


@pytest.mark.parametrize("provider", sorted(mail_providers.PROVIDERS))
def test_every_provider_of_anymail_says_which_variable_it_lacks(provider):
    given: dict[str, str] = {}
    needed = mail_providers.PROVIDERS[provider].needed
    if mail_providers.PROVIDERS[provider].package:
        with pytest.raises(ImproperlyConfigured, match=r"needs a package\. Example: pip install boto3"):
            mail_providers.anymail_settings(provider, lambda name: needed.get(name, ""))
        return
    for name in needed:
        with pytest.raises(ImproperlyConfigured, match=rf"{name} is not set\. Example: {name}="):
            mail_providers.anymail_settings(provider, lambda name: given.get(name, ""))
        given[name] = "value"
    assert mail_providers.anymail_settings(provider, lambda name: given.get(name, "")) == given


def test_the_keys_of_a_provider_we_left_stay_known_since_it_goes_on_reporting():
    given = {"BREVO_API_KEY": "new", "MAILGUN_WEBHOOK_SIGNING_KEY": "old"}
    assert mail_providers.anymail_settings("brevo", lambda name: given.get(name, "")) == given


def test_mailed_links_are_https_since_one_click_needs_it(checkout):
    ended = start(checkout, {**PRODUCTION, "SITE_URL": "http://act.example.org"})
    assert "it must begin with https://, e.g. SITE_URL=https://act.example.org" in ended.stderr


def test_a_network_that_is_none_stops_the_start_with_its_name(checkout):
    ended = start(checkout, {**PRODUCTION, "SCANNER_NETWORKS": "192.0.2.0/24,192.0.2.1/24"})
    assert "SCANNER_NETWORKS holds '192.0.2.1/24', which is no network" in ended.stderr


def test_an_unknown_environment_is_refused(checkout):
    ended = start(checkout, {**PRODUCTION, "EPISTLE_ENV": "live"})
    assert "EPISTLE_ENV=production" in ended.stderr


def test_outside_production_mail_goes_to_the_sandbox_whatever_else_is_set(checkout):
    hostile = {
        "DATABASE_URL": "postgres:///x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "MAIL_PROVIDER": "postmark",
        "POSTMARK_SERVER_TOKEN": "real",
        "MAILGUN_API_URL": "https://api.mailgun.net/v3",
    }
    ended = start(checkout, hostile, "print(settings.ANYMAIL['MAILGUN_API_URL'], settings.EMAIL_BACKEND)")
    assert ended.stdout.split() == ["http://127.0.0.1:8025/v3", "anymail.backends.mailgun.EmailBackend"]


def test_a_page_gives_up_a_statement_sooner_than_a_worker(checkout, live_service):
    """Asked of processes of their own: the connection of each says how long a statement may take."""
    asked = "from django.db import connection\nc = connection.cursor()\nc.execute('SHOW statement_timeout')\nprint(c.fetchone()[0])"

    def allowed(beginning: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-c", f"{beginning}\n{asked}"],
            cwd=checkout,
            env=live_service.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return ended.stdout.strip()

    assert allowed("import django\ndjango.setup()") == "30s"
    assert allowed("import config.wsgi") == "5s"
