"""The mails about an expression. None holds anything that was typed into the form (RELIABILITY A2); of staff's words only
the reason of a refusal, which goes to a proven mailbox.

Links are secrets: they are filled in at the door from ids and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from advocacy import texts
from advocacy.expressions import links
from advocacy.models import Expression
from contacts.addresses import parse
from mailer import house_mails, sending
from mailer.models import Delivery, Message

Kind = Delivery.Kind
Status = Expression.Status
_FOR_ITS_LINK = "link"


def confirmation(expression: Expression, at: datetime | None = None) -> Delivery:
    """Queue the mail that asks the owner of the mailbox to confirm."""
    return sending.queue(
        _message("expression_confirmation", expression),
        to=parse(expression.address),
        kind=Kind.CONFIRMATION,
        due_at=at,
        context={"expression": expression.pk},
    )


def own_link(expression: Expression) -> Delivery:
    """Queue the mail that leads its writer, who lost the first one, back to their page."""
    return sending.queue(
        _message("expression_link", expression),
        to=parse(expression.address),
        kind=Kind.CONFIRMATION,
        context={"expression": expression.pk, "for": _FOR_ITS_LINK},
    )


def published(expression: Expression) -> Delivery | None:
    """Queue the mail that says it is public now; None for what staff typed."""
    return _decided("expression_published", expression)


def refused(expression: Expression) -> Delivery | None:
    """Queue the mail that says why it is not, or no longer, public."""
    return _decided("expression_refused", expression, reason=expression.reason)


def _decided(mail: str, expression: Expression, **context: str) -> Delivery | None:
    if not expression.address:
        return None
    return sending.queue(
        _message(mail, expression, **context),
        to=parse(expression.address),
        kind=Kind.SYSTEM,
        context={"expression": expression.pk},
    )


def _message(mail: str, expression: Expression, **context: str) -> Message:
    campaign, language = expression.campaign, expression.mail_language
    return house_mails.message(
        mail,
        language,
        from_name=campaign.sender_name,
        campaign_title=texts.title_of(campaign, language),
        contact_address=campaign.contact_address,
        **context,
    )


# --- what mailer asks us at its door ------------------------------------------------------------------------------


def is_ours(delivery: Delivery) -> bool:
    return "expression" in delivery.context


def check(delivery: Delivery) -> str:
    """Why a mail may no longer go: it was confirmed, denied, expired or erased."""
    expression = _of(delivery)
    if expression is None or not expression.address:
        return "the expression is gone"
    if delivery.context.get("for") == _FOR_ITS_LINK:
        return "" if expression.confirmed_at else "the expression is gone"
    if expression.status == Status.WITHDRAWN:
        return "the owner of the mailbox said it was not them"
    if expression.status != Status.PENDING:
        return "it was confirmed already"
    if expression.expires_at <= timezone.now():
        return "its time to be confirmed is over"
    return ""


def fields(delivery: Delivery) -> Mapping[str, str]:
    expression = _of(delivery)
    if expression is None:
        return {}
    if delivery.kind == Kind.CONFIRMATION:
        is_link = delivery.context.get("for") == _FOR_ITS_LINK
        link = links.own(expression) if is_link else links.confirm(expression)
        return {"link": link, "not_me_link": links.not_me(expression)}
    return {"link": links.own(expression), "page_link": links.page(expression, expression.mail_language)}


def _of(delivery: Delivery) -> Expression | None:
    pk = delivery.context.get("expression")
    return Expression.objects.select_related("campaign").filter(pk=pk).first() if pk else None
