"""The one settings file. Every value that differs between machines is read from the environment.

A value that is missing or wrong stops the start with the variable's name and an example, see `_need`.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from config import languages, mail_providers

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

ENVIRONMENT: str = env.str("EPISTLE_ENV", "development")
if ENVIRONMENT not in {"development", "test", "production"}:
    raise ImproperlyConfigured(
        f"EPISTLE_ENV is {ENVIRONMENT!r}; it must be development, test or production, e.g. EPISTLE_ENV=production"
    )
PRODUCTION = ENVIRONMENT == "production"


def _need(name: str, example: str, otherwise: str) -> str:
    """The variable's value; outside production `otherwise` stands in for a missing one."""
    value = env.str(name, "" if PRODUCTION else otherwise)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Example: {name}={example}")
    return value


SECRET_KEY = _need("SECRET_KEY", "a-long-random-string", "insecure-key-for-development-only")
# Earlier keys, while what they sealed is still in use: sessions, forms, and the apps of the second step.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Keys of their own, so that one of them can be changed without breaking what another protects.
ADDRESS_HASH_KEY = _need("ADDRESS_HASH_KEY", "another-long-random-string", "insecure-address-key")
PREFERENCE_LINK_KEY = _need("PREFERENCE_LINK_KEY", "a-third-long-random-string", "insecure-link-key")
DEBUG = env.bool("DEBUG", False) and not PRODUCTION
SITE_URL = _need("SITE_URL", "https://act.example.org", f"http://localhost:{env.str('PORT', '8000')}").rstrip(
    "/"
)
if PRODUCTION and not SITE_URL.startswith("https://"):
    # Mail programs take nobody off a list by any other address (RFC 8058 §3.1).
    raise ImproperlyConfigured(
        f"SITE_URL is {SITE_URL!r}; it must begin with https://, e.g. SITE_URL=https://act.example.org"
    )
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set. Example: ALLOWED_HOSTS=act.example.org")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "config.apps.HouseConfig",
    "accounts",
    "contacts",
    "mailer",
    "advocacy",
    "config.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "anymail",
    "csp",
    "import_export",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Outside of sessions, whose mark on an answer it reads.
    "config.compression.CompressPublic",
    "config.compression.AskedAgain",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.languages.DeskLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.signin.second_factor.SecondFactorFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.pages.Unavailable",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data ---------------------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(
        _need("DATABASE_URL", "postgres://epistle:secret@db.example/epistle", "postgres:///epistle")
    )
}
DATABASES["default"].update(
    ATOMIC_REQUESTS=False,
    CONN_MAX_AGE=60,
    CONN_HEALTH_CHECKS=True,
)
DATABASES["default"].setdefault("OPTIONS", {}).update(
    options=f"-c statement_timeout={env.int('STATEMENT_TIMEOUT_MS', 30_000)}",
)
# A page gives up sooner than a worker or a command may (RELIABILITY A10), see config/bounds.py.
PAGE_STATEMENT_TIMEOUT_MS = env.int("PAGE_STATEMENT_TIMEOUT_MS", 5_000)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = _need("REDIS_URL", "redis://:secret@valkey.example:6379/0", "redis://127.0.0.1:6379/0")

# --- who works here -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 7_200  # seconds; the mail says so
# Whether those whose rights reach many people must have a second factor: an app, or a passkey (RELIABILITY A12).
SECOND_FACTOR = env.str("SECOND_FACTOR", "required" if PRODUCTION else "optional")
if SECOND_FACTOR not in {"required", "optional"}:
    raise ImproperlyConfigured(
        f"SECOND_FACTOR is {SECOND_FACTOR!r}; it must be required or optional, e.g. SECOND_FACTOR=required"
    )
ACCOUNT_ADAPTER = "accounts.signin.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # ours count for all processes together, see accounts/logins.py
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
MFA_ADAPTER = "accounts.signin.adapters.FactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.signin.forms.CodeForm",
    "reauthenticate": "accounts.signin.forms.CodeAgainForm",
    "authenticate_webauthn": "accounts.signin.forms.PasskeyStepForm",
    "login_webauthn": "accounts.signin.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "accounts.signin.forms.PasskeyAgainForm",
    "add_webauthn": "accounts.signin.forms.PasskeyForm",
    "edit_webauthn": "accounts.signin.forms.PasskeyNameForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1

# The organisation's own identity provider, by its address: https://id.example.org/realms/staff
OIDC_ISSUER = env.str("OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", "")
OIDC_NAME = env.str("OIDC_NAME", "OpenID Connect")
OIDC_SCOPES: list[str] = env.str("OIDC_SCOPES", "openid profile email").split()
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", "groups")
# Pairs of a group of the provider and a role here. The name of a group may hold "=" and ",": "CN=desk,OU=staff".
OIDC_ROLES: list[tuple[str, str]] = [
    (group.strip(), role.strip())
    for group, _equals, role in (
        pair.rpartition("=") for pair in env.str("OIDC_ROLES", "").split(";") if pair.strip()
    )
]
if not all(group and role for group, role in OIDC_ROLES):
    raise ImproperlyConfigured(
        "OIDC_ROLES cannot be read. Example: OIDC_ROLES='desk-admins=Administrators; press=Newsletter editors'"
    )
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured(
        "OIDC_ISSUER is set, so OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be, e.g. OIDC_CLIENT_ID=epistle"
    )
if PRODUCTION and OIDC_ISSUER and not OIDC_ISSUER.startswith("https://"):
    raise ImproperlyConfigured(
        f"OIDC_ISSUER is {OIDC_ISSUER!r}; it must begin with https://, e.g. OIDC_ISSUER=https://id.example.org"
    )
SOCIALACCOUNT_ADAPTER = "accounts.signin.oidc.SocialAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # see accounts/signin/oidc.py
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER, "oauth_pkce_enabled": True, "scope": OIDC_SCOPES},
            }
        ]
    }
}
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- languages ----------------------------------------------------------------------------------------
# Every language that locale/ holds a catalogue for; EPISTLE_LANGUAGES chooses some, the first is the site's own.
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.offered(LOCALE_PATHS[0], env.list("EPISTLE_LANGUAGES", default=[]))
LANGUAGE_CODE = LANGUAGES[0][0]
LANGUAGES_BIDI = [
    *global_settings.LANGUAGES_BIDI,
    *languages.right_to_left([code for code, _name in LANGUAGES]),
]
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"  # dates as "22 Nov 2026, 14:05", in every language
USE_TZ = True
TIME_ZONE = "UTC"

# --- files --------------------------------------------------------------------------------------------
STATIC_URL = "static/"
# Outside production files are served from where they lie; nothing is collected.
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Pictures, resources and packs. Every web process and worker reads and writes here: on several machines, a shared folder.
MEDIA_ROOT = Path(_need("MEDIA_ROOT", "/var/lib/epistle/media", str(BASE_DIR / ".epistle" / "media")))
WHITENOISE_USE_FINDERS = not PRODUCTION
# The public form is small; what is larger is refused before it is read (RELIABILITY A10).
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("DATA_UPLOAD_MAX_MEMORY_SIZE", 2_621_440)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 3_000  # a mailing of 200 blocks is one form

# --- mail: one door out, see mailer/sending.py ----------------------------------------------------------
MAIL_DOMAIN = _need("MAIL_DOMAIN", "mail.example.org", "epistle.example")
# Where bounces of mail by SMTP come back to: each delivery has a return path of its own there (mailer/verp.py).
BOUNCE_DOMAIN = env.str("BOUNCE_DOMAIN", MAIL_DOMAIN)
# The mailbox where bounces by SMTP arrive: imaps://user:password@mail.example.org/INBOX, or pop3s://…
BOUNCE_MAILBOX_URL = env.str("BOUNCE_MAILBOX_URL", "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"Epistle <letters@{MAIL_DOMAIN}>")
POSTAL_ADDRESS = _need(
    "POSTAL_ADDRESS",
    "Example Coalition, 1 Example Street, The Hague",
    "Epistle demo, 1 Example Street, Example Town",
)
SANDBOX_URL = env.str("SANDBOX_URL", "http://127.0.0.1:8025").rstrip("/")
SANDBOX_SMTP_PORT = env.int("SANDBOX_SMTP_PORT", 1025)
MAIL_PROVIDER = env.str("MAIL_PROVIDER", "mailgun")
if not PRODUCTION and MAIL_PROVIDER != "smtp":
    # Outside production every mail goes to the sandbox, which speaks Mailgun and SMTP, whatever else is set.
    MAIL_PROVIDER = "mailgun"
# Our own SMTP road, for senders that use it: smtp://user:password@relay.example:587?connections=2&in_flight=64
SMTP_RELAY_URL = env.str("SMTP_RELAY_URL", "")
# Seconds to wait for a provider or relay to connect (5 at most) and to answer; shorter than any lease (F27).
MAIL_TIMEOUT = env.int("MAIL_TIMEOUT", 30)
EMAIL_BACKEND = MAIL_BACKEND = (
    "mailer.roads.smtp.EmailBackend"
    if MAIL_PROVIDER == "smtp"
    else f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
)
ANYMAIL: dict[str, Any] = {
    # Shared secret in the addresses of webhooks, as "user:password"; many a provider signs nothing (RELIABILITY §1).
    "WEBHOOK_SECRET": _need("WEBHOOK_SECRET", "user:a-long-random-string", "sandbox:sandbox-webhook-secret"),
    "REQUESTS_TIMEOUT": (5, MAIL_TIMEOUT),
    "MAILGUN_SENDER_DOMAIN": MAIL_DOMAIN,
    "MAILGUN_API_URL": (
        env.str("MAILGUN_API_URL", "https://api.mailgun.net/v3") if PRODUCTION else f"{SANDBOX_URL}/v3"
    ),
}
if PRODUCTION:
    ANYMAIL.update(mail_providers.anymail_settings(MAIL_PROVIDER, lambda name: env.str(name, "")))
else:
    ANYMAIL["MAILGUN_API_KEY"] = env.str("MAILGUN_API_KEY", "sandbox-api-key")
    ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"] = env.str("MAILGUN_WEBHOOK_SIGNING_KEY", "sandbox-signing-key")
# Which SNS topics may post to us, with commas between: Amazon signs for anybody's.
ANYMAIL["AMAZON_SES_TOPICS"] = [
    topic for topic in str(ANYMAIL.get("AMAZON_SES_TOPICS", "")).split(",") if topic
]

# --- queues: the row is the queue, Celery is the doorbell (DESIGN "The ledger") ---------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the row counts the attempts
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120  # < DELIVERY_LEASE < visibility_timeout
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_keepalive": True,
    # A page does not wait for a broker that is away or says nothing: the sweeper rings again (F2). Without these a
    # ring takes six seconds where nobody listens, and for ever where nobody answers.
    "max_retries": 0,
    "socket_connect_timeout": 2,
    "socket_timeout": 2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000  # KiB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {
    "mailer.tasks.deliver_confirmation": {"queue": "confirmations"},
    "mailer.tasks.deliver": {"queue": "letters"},
    "mailer.tasks.send_chunk": {"queue": "mailings"},
    "mailer.tasks.start_mailing": {"queue": "mailings"},
    # Seconds to a minute of somebody who waits at the desk: not where confirmations or events would wait behind it.
    "mailer.tasks.check_mailing": {"queue": "imports"},
    "mailer.tasks.look_at_domains": {"queue": "imports"},
    "mailer.tasks.apply_events": {"queue": "events"},
    "mailer.tasks.*": {"queue": "events"},
    "advocacy.tasks.build_pack": {"queue": "imports"},
    "advocacy.tasks.sweep_packs": {"queue": "imports"},
    "advocacy.tasks.look_over_packs": {"queue": "imports"},
    "advocacy.tasks.*": {"queue": "letters"},
    "contacts.tasks.*": {"queue": "imports"},
}
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "mailer.tasks.sweep", "schedule": env.float("SWEEP_SECONDS", 30.0)},
    "judge-hits": {
        "task": "mailer.tasks.judge_hits",
        "schedule": env.float("SWEEP_SECONDS", 30.0),
        "options": {"expires": 30},
    },
    "publish-mailings": {
        "task": "mailer.tasks.publish_mailings",
        "schedule": env.float("SWEEP_SECONDS", 30.0),
        "options": {"expires": 30},
    },
    "dispatch-letters": {
        "task": "advocacy.tasks.dispatch_due",
        "schedule": env.float("DISPATCH_SECONDS", 5.0),
        # A tick that no worker took in time is of no use to the next one: ticks must not pile up before mails.
        "options": {"expires": 10},
    },
    "tick-mailings": {
        "task": "mailer.tasks.tick_mailings",
        "schedule": env.float("MAILING_TICK_SECONDS", 3.0),
        "options": {"expires": 6},
    },
    "sweep-imports": {
        "task": "contacts.tasks.sweep_imports",
        "schedule": env.float("SWEEP_SECONDS", 30.0),
        "options": {"expires": 30},
    },
    "sweep-packs": {
        "task": "advocacy.tasks.sweep_packs",
        "schedule": env.float("SWEEP_SECONDS", 30.0),
        "options": {"expires": 30},
    },
    "look-over-packs": {
        "task": "advocacy.tasks.look_over_packs",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "expire-letters": {"task": "advocacy.tasks.expire", "schedule": 3_600.0},
    "forget": {"task": "advocacy.tasks.forget", "schedule": 86_400.0},
    "forget-contacts": {"task": "contacts.tasks.forget", "schedule": 86_400.0},
    "look-at-domains": {"task": "mailer.tasks.look_at_domains", "schedule": 86_400.0},
    "read-mailbox": {
        "task": "mailer.tasks.read_mailbox",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "suppress-unreachable": {"task": "mailer.tasks.suppress_unreachable", "schedule": 86_400.0},
    "forget-mails": {"task": "mailer.tasks.forget", "schedule": 86_400.0},
}
# Networks from which mail gateways follow links, beside those we know (mailer/links/agents.py).
SCANNER_NETWORKS: list[str] = env.list("SCANNER_NETWORKS", default=[])
for _network in SCANNER_NETWORKS:
    try:
        ipaddress.ip_network(_network)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"SCANNER_NETWORKS holds {_network!r}, which is no network, e.g. SCANNER_NETWORKS=192.0.2.0/24"
        ) from error
# "Send now" can be taken back for so long.
MAILING_UNDO_SECONDS = env.int("MAILING_UNDO_SECONDS", 60)
# People one worker claims at a time, see mailer/mailings/chunks.py.
MAILING_CHUNK = env.int("MAILING_CHUNK", 2_000)
# A worker that fixes an audience gives a sign of life at each step, and no step takes more than five seconds.
MAILING_LEASE_SECONDS = env.int("MAILING_LEASE_SECONDS", 30)
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", 180)
# A worker of imports gives a sign of life at each step, and no step takes more than five seconds.
IMPORT_LEASE_SECONDS = env.int("IMPORT_LEASE_SECONDS", 30)
IMPORT_THREADS = env.int("IMPORT_THREADS", 2)  # each with a database connection of its own

# --- mailings -------------------------------------------------------------------------------------------
# From so many people on, a second person must approve a mailing (RELIABILITY A12).
MAILING_APPROVAL_OVER = env.int("MAILING_APPROVAL_OVER", 10_000)
# Files of more people are taken away only with a second person's yes.
EXPORT_SECOND_PERSON_ABOVE = env.int("EXPORT_SECOND_PERSON_ABOVE", 10_000)

# --- what a page may do ---------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "style-src": [SELF],
        "script-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
# How many proxies in front of us add to X-Forwarded-For; 0 believes only the connection itself.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# --- spreadsheets: staff bring and take CSV and Excel, nothing else (RELIABILITY §2, CVE-2017-2810) --------


def _spreadsheets() -> list[type]:
    """Read when a page needs them: a worker that sends mail does not carry what reads Excel."""
    from import_export.formats.base_formats import CSV, XLSX

    return [CSV, XLSX]


# Files of contacts that one member of staff may take in an hour (RELIABILITY A12).
CONTACT_EXPORTS_PER_HOUR = env.int("CONTACT_EXPORTS_PER_HOUR", 10)
# Test mails of mailings that one member of staff may send in an hour.
TEST_MAILS_PER_HOUR = env.int("TEST_MAILS_PER_HOUR", 200)
IMPORT_EXPORT_FORMATS = SimpleLazyObject(_spreadsheets)
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

# --- logs: a constant sentence and ids; no address, no name, no letter text (I10) -------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.formatter",
            "style": env.str("LOG_FORMAT", "json" if PRODUCTION else "text"),
        }
    },
    "filters": {
        "no_ticks": {"()": "config.logs.NoTicks"},
        "no_trace_of_refusals": {"()": "config.logs.NoTraceOfRefusals"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "django.request": {"filters": ["no_trace_of_refusals"]},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "celery": {"handlers": ["console"], "level": "INFO", "propagate": False},
        # Celery writes each task's name and id at INFO: nothing private, but noise on a laptop.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"filters": ["no_ticks"]},
    },
}
