"""Where providers post what happened to our mail, and mail that came back. A view proves who posts, stores, answers.

Every address but Mailgun's wants the shared secret of WEBHOOK_SECRET, as user and password; the signatures of those who
sign are checked as well, by Anymail, and Amazon's by `sns`. An address whose proof has not been set up is not there: 404.
"""

from __future__ import annotations

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailNotSupportedWarning,
    AnymailWebhookValidationFailure,
)
from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent
from anymail.utils import DEFAULT_DOWNLOAD_CHUNK_SIZE
from anymail.webhooks import (
    amazon_ses,
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    sparkpost,
    unisender_go,
)
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from requests import RequestException

from mailer import signatures, sns, tracking
from mailer.inbound import keeping as inbound

logger = logging.getLogger(__name__)

# Mailgun signs the time of posting; an older signature may be a replay, or a clock that is wrong (F10).
SIGNATURE_AGE_SECONDS = 300
# It posts again for eight hours at most; what is older than a day is no late post.
SIGNATURE_LIFE_SECONDS = 86_400

# Said of one provider at each of its posts; the operator has chosen.
warnings.filterwarnings("ignore", category=AnymailNotSupportedWarning, module="anymail.webhooks")

_UNREADABLE = (
    AnymailConfigurationError,  # how it calls a post that belongs at another address
    AnymailError,
    AssertionError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    OSError,
    RecursionError,
)


class RefusedError(AnymailWebhookValidationFailure):
    """A post is refused (400). Its words are ours: those of the library quote what was posted, and go to the log."""


class Posted:
    """What every one of our views adds to Anymail's: a post that cannot be proved or read is the poster's mistake (400),
    never an error of ours (500), and all events of one post are stored at once.

    `needs` is the setting of Anymail without which nobody could prove anything.
    """

    needs = "WEBHOOK_SECRET"

    @classmethod
    def as_view(cls, **kwargs: Any) -> Any:
        view = super().as_view(**kwargs)  # type: ignore[misc]

        def only_if_set_up(request: HttpRequest) -> HttpResponse:
            if not settings.ANYMAIL.get(cls.needs):
                raise Http404
            answer: HttpResponse = view(request)
            return answer

        only_if_set_up.csrf_exempt = True  # type: ignore[attr-defined]
        return only_if_set_up

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with _as_refusal("The post is not proved."):
            self.run_validators(request)  # type: ignore[attr-defined]
        try:
            with _as_refusal("The events cannot be read."):
                events = list(self.parse_events(request))  # type: ignore[attr-defined]
        except RequestException:
            # Some providers post a pointer, and the mail is fetched from them: they shall post again.
            return HttpResponse(status=503)
        provider = self.esp_name.lower()  # type: ignore[attr-defined]
        tracking.keep([event for event in events if isinstance(event, AnymailTrackingEvent)], provider)
        for event in events:
            if isinstance(event, AnymailInboundEvent):
                _keep_mail(event, provider)
        return HttpResponse()


def _keep_mail(event: AnymailInboundEvent, provider: str) -> None:
    """Store a mail that came in. Its parser kept what it could not read, and must not fail on it now."""
    try:
        raw = event.message.as_bytes()
    except (ValueError, LookupError, AttributeError, TypeError):
        raw = str(event.message.get_payload()).encode(errors="replace")
    inbound.keep(raw, recipient=str(event.message.envelope_recipient or ""), door=provider)


@contextlib.contextmanager
def _as_refusal(words: str) -> Iterator[None]:
    try:
        yield
    except (RefusedError, RequestException):
        raise
    except _UNREADABLE:
        raise RefusedError(words) from None


class MailgunEvents(Posted, mailgun.MailgunTrackingWebhookView):
    """Mailgun's events: proved by the signature of each, so that no second secret is asked for.

    The signature covers a time and a token, not the event (RELIABILITY §1). So a token is bound to the first
    event it came with: who saw one post cannot sign another event with it.
    """

    needs = "MAILGUN_WEBHOOK_SIGNING_KEY"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.basic_auth: list[str] = []

    def run_validators(self, request: HttpRequest) -> None:
        super().run_validators(request)
        if request.content_type == "application/json":
            _check_signature_use(json.loads(request.body))


class MailgunMails(Posted, mailgun.MailgunInboundWebhookView):
    """Mails that a route of Mailgun forwards; the whole mail at the address that says so."""

    needs = "MAILGUN_WEBHOOK_SIGNING_KEY"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.basic_auth: list[str] = []

    def run_validators(self, request: HttpRequest) -> None:
        super().run_validators(request)
        posted = {
            name: value for name, value in request.POST.items() if name not in {"signature", "timestamp"}
        }
        mine = {name: request.POST[name] for name in ("timestamp", "token", "signature")}
        _check_signature_use({"signature": mine, "event-data": posted})


def _check_signature_use(post: dict[str, Any]) -> None:
    """Refuse a signature that is over a day old or was used for another event; warn of one that is minutes old."""
    age = timezone.now().timestamp() - float(post["signature"]["timestamp"])
    if abs(age) > SIGNATURE_LIFE_SECONDS:
        raise RefusedError("The signature is too old.")
    if abs(age) > SIGNATURE_AGE_SECONDS:
        # Kept all the same: a repeat changes nothing, and a provider may post late.
        logger.warning("an event carries an old signature", extra={"age_seconds": int(age)})
    event = json.dumps(post["event-data"], sort_keys=True).encode()
    if not signatures.bind(str(post["signature"]["token"]), event, SIGNATURE_LIFE_SECONDS):
        raise RefusedError("The signature belongs to another event.")


class _AmazonPosted(Posted):
    """Amazon's posts, proved by the secret, the signature and the topic; nothing here needs its own library."""

    needs = "AMAZON_SES_TOPICS"

    def __init__(self, **kwargs: Any) -> None:
        self.auto_confirm_enabled = False  # ours confirms, once the signature is checked
        self.session_params: dict[str, Any] = {}
        self.client_params: dict[str, Any] = {}
        # Past the class whose own would ask for the library.
        super(amazon_ses.AmazonSESBaseWebhookView, self).__init__(**kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.headers.get("Authorization"):
            # It sends user and password only when asked for them.
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="webhooks"'})
        return super().post(request, *args, **kwargs)

    def run_validators(self, request: HttpRequest) -> None:
        super().run_validators(request)  # type: ignore[misc]
        post = json.loads(request.body)
        try:
            sns.check(post, settings.ANYMAIL["AMAZON_SES_TOPICS"])
            if post["Type"] == "SubscriptionConfirmation":
                sns.confirm(post)
        except sns.NotProvenError:
            raise RefusedError("The post is not proved.") from None


class AmazonSesMails(_AmazonPosted, amazon_ses.AmazonSESInboundWebhookView):
    """Mails whose text Amazon posts with its notice; for what it keeps in a bucket, its own library is needed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kms_key_id = None
        self.chunk_size = DEFAULT_DOWNLOAD_CHUNK_SIZE


class AmazonSesEvents(_AmazonPosted, amazon_ses.AmazonSESTrackingWebhookView):
    pass


class BrevoEvents(Posted, brevo.BrevoTrackingWebhookView):
    pass


class MailerSendEvents(Posted, mailersend.MailerSendTrackingWebhookView):
    needs = "MAILERSEND_SIGNING_SECRET"


class MailjetEvents(Posted, mailjet.MailjetTrackingWebhookView):
    pass


class MailtrapEvents(Posted, mailtrap.MailtrapTrackingWebhookView):
    pass


class MandrillPosts(Posted, mandrill.MandrillCombinedWebhookView):
    """Events and mails that came in, at one address."""

    needs = "MANDRILL_WEBHOOK_KEY"


class PostalEvents(Posted, postal.PostalTrackingWebhookView):
    needs = "POSTAL_WEBHOOK_KEY"


class PostmarkEvents(Posted, postmark.PostmarkTrackingWebhookView):
    pass


class ResendEvents(Posted, resend.ResendTrackingWebhookView):
    pass


class SendGridEvents(Posted, sendgrid.SendGridTrackingWebhookView):
    pass


class SparkPostEvents(Posted, sparkpost.SparkPostTrackingWebhookView):
    pass


class UnisenderGoEvents(Posted, unisender_go.UnisenderGoTrackingWebhookView):
    needs = "UNISENDER_GO_API_KEY"


class BrevoMails(Posted, brevo.BrevoInboundWebhookView):
    needs = "BREVO_API_KEY"


class MailerSendMails(Posted, mailersend.MailerSendInboundWebhookView):
    needs = "MAILERSEND_INBOUND_SECRET"


class MailjetMails(Posted, mailjet.MailjetInboundWebhookView):
    pass


class MailtrapMails(Posted, mailtrap.MailtrapInboundWebhookView):
    needs = "MAILTRAP_API_TOKEN"


class PostalMails(Posted, postal.PostalInboundWebhookView):
    needs = "POSTAL_WEBHOOK_KEY"


class PostmarkMails(Posted, postmark.PostmarkInboundWebhookView):
    pass


class ResendMails(Posted, resend.ResendInboundWebhookView):
    needs = "RESEND_API_KEY"


class SendGridMails(Posted, sendgrid.SendGridInboundWebhookView):
    pass


class SparkPostMails(Posted, sparkpost.SparkPostInboundWebhookView):
    pass
