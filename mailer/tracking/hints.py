"""What kind of bounce a provider itself names, for reports that quote no status code of the receiving server.

Each reads its provider's own words, https://anymail.dev/en/stable/esps/ links to their documentation. Only what says that
the mailbox is not there is hard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mailer.models import Delivery

_Class = Delivery.BounceClass
Raw = Mapping[str, Any]


def of(provider: str, raw: Any) -> str:
    """The bounce class that the provider's words mean, or "". Never raises, whatever was posted."""
    reader = _READERS.get(provider)
    if reader is None:
        return ""
    try:
        return str(reader(raw))
    except (KeyError, TypeError, AttributeError, IndexError):
        return ""


def _amazon_ses(raw: Raw) -> str:
    bounce = raw["bounce"]
    if bounce["bounceType"] == "Permanent":
        return _Class.HARD
    too_much = bounce.get("bounceSubType") in {"MessageTooLarge", "ContentRejected", "AttachmentRejected"}
    return _Class.MESSAGE if too_much else _Class.SOFT


def _brevo(raw: Raw) -> str:
    return {"hard_bounce": _Class.HARD, "invalid_email": _Class.HARD, "blocked": _Class.BLOCK}.get(
        raw["event"], _Class.SOFT
    )


def _mailersend(raw: Raw) -> str:
    return _Class.HARD if raw["data"]["type"] == "hard_bounced" else _Class.SOFT


def _mailjet(raw: Raw) -> str:
    error = raw.get("error", "")
    if error in {"user unknown", "invalid domain", "mailbox inactive", "no mail host"} and raw.get(
        "hard_bounce"
    ):
        return _Class.HARD
    blocked = {
        "sender blocked",
        "content blocked",
        "policy issue",
        "relay/access denied",
        "blacklisted",
        "preblocked",
    }
    return _Class.BLOCK if error in blocked else _Class.SOFT


def _mailtrap(raw: Raw) -> str:
    return {"bounce": _Class.HARD, "reject": _Class.BLOCK}.get(raw["event"], _Class.SOFT)


def _mandrill(raw: Raw) -> str:
    said = raw["msg"].get("bounce_description", "")
    if raw.get("event") == "hard_bounce" and said in {"bad_mailbox", "invalid_domain", "inactive_mailbox"}:
        return _Class.HARD
    return _Class.BLOCK if "block" in said or "reject" in said or "spam" in said else _Class.SOFT


def _postmark(raw: Raw) -> str:
    return {"HardBounce": _Class.HARD, "BadEmailAddress": _Class.HARD, "Blocked": _Class.BLOCK}.get(
        raw["Type"], _Class.SOFT
    )


def _resend(raw: Raw) -> str:
    return _Class.HARD if raw["data"]["bounce"].get("type") == "Permanent" else _Class.SOFT


def _sendgrid(raw: Raw) -> str:
    return _Class.BLOCK if raw.get("type") == "blocked" else _Class.SOFT


def _sparkpost(raw: Raw) -> str:
    [event] = raw["msys"].values()
    classes = {
        "10": _Class.HARD,
        "30": _Class.HARD,
        "21": _Class.HOST,
        "23": _Class.MESSAGE,
        "53": _Class.MESSAGE,
    }
    of_it = str(event["bounce_class"])
    return classes.get(of_it, _Class.BLOCK if of_it in {"25", "50", "51", "52", "54"} else _Class.SOFT)


def _unisender_go(raw: Raw) -> str:
    said = raw["delivery_info"]["delivery_status"]
    if said in {"err_user_unknown", "err_user_inactive", "err_domain_inactive"}:
        return _Class.HARD
    return _Class.BLOCK if said in {"err_spam_rejected", "err_blacklisted"} else _Class.SOFT


_READERS: dict[str, Callable[[Any], str]] = {
    "amazon ses": _amazon_ses,
    "brevo": _brevo,
    "mailersend": _mailersend,
    "mailjet": _mailjet,
    "mailtrap": _mailtrap,
    "mandrill": _mandrill,
    "postmark": _postmark,
    "resend": _resend,
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "unisender go": _unisender_go,
}
