"""The mails about an expression. None holds anything that was typed into the form (RELIABILITY A2); of staff's words only
the reason of a refusal, which goes to a proven mailbox.

Links are secrets: they are filled in at the door from ids and stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from advocacy import asking, texts
from advocacy.expressions import links
from advocacy.models import Campaign, Expression
from contacts.addresses import Address, parse
from mailer import house_mails, sending
from mailer.models import Delivery, Message

Kind = Delivery.Kind
Status = Expression.Status
# In the context of a mail with the link to somebody's page: the campaign it is of, and the language to write in.
_LINK_OF, _LINK_IN = "expression_link_of", "in"
# Those whose writer can still be asked, and may change them.
OPEN = (Status.CONFIRMED, Status.PUBLISHED, Status.REFUSED)


def confirmation(expression: Expression, at: datetime | None = None) -> Delivery:
    """Queue the mail that asks the owner of the mailbox to confirm."""
    return sending.queue(
        _message("expression_confirmation", expression),
        to=parse(expression.address),
        kind=Kind.CONFIRMATION,
        due_at=at,
        context={"expression": expression.pk},
    )


def reminder(expression: Expression) -> Delivery:
    """Queue the one reminder of a confirmation that has not come."""
    return sending.queue(
        _message("expression_reminder", expression),
        to=parse(expression.address),
        kind=Kind.CONFIRMATION,
        context={"expression": expression.pk},
    )


def own_link(campaign: Campaign, address: Address, language: str, at: datetime | None = None) -> Delivery:
    """Queue the mail that leads somebody who lost the first one back to their page. Whether this address has a page
    the door finds out: what asks for it does the same work for everybody (A8)."""
    return sending.queue(
        _of_campaign("expression_link", campaign, language),
        to=address,
        kind=Kind.NOTICE,
        due_at=at,
        context={_LINK_OF: campaign.pk, _LINK_IN: language},
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
    return _of_campaign(mail, expression.campaign, expression.mail_language, **context)


def _of_campaign(mail: str, campaign: Campaign, language: str, **context: str) -> Message:
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
    return "expression" in delivery.context or _LINK_OF in delivery.context


def check(delivery: Delivery) -> str:
    """Why a mail may no longer go: it was confirmed, denied, expired or erased, or its reader has no page."""
    expression = _of(delivery)
    if expression is None or not expression.address:
        return "the expression is gone"
    if _LINK_OF in delivery.context:
        return ""
    if expression.status == Status.WITHDRAWN:
        return asking.DENIED
    if expression.status != Status.PENDING:
        return "it was confirmed already"
    if expression.expires_at <= timezone.now():
        return "its time to be confirmed is over"
    if bytes(expression.address_hash or b"") != bytes(delivery.address_hash):
        return asking.CORRECTED
    return ""


def fields(delivery: Delivery) -> Mapping[str, str]:
    expression = _of(delivery)
    if expression is None:
        return {}
    if _LINK_OF in delivery.context:
        expression.mail_language = delivery.context[_LINK_IN]
        return {"link": links.own(expression), "not_me_link": links.not_me(expression)}
    if delivery.kind == Kind.CONFIRMATION:
        return {"link": links.confirm(expression), "not_me_link": links.not_me(expression, delivery)}
    return {"link": links.own(expression), "page_link": links.page(expression, expression.mail_language)}


def _of(delivery: Delivery) -> Expression | None:
    rows = Expression.objects.select_related("campaign")
    if _LINK_OF in delivery.context:
        theirs = rows.filter(campaign=delivery.context[_LINK_OF], address_hash=delivery.address_hash)
        return theirs.filter(status__in=OPEN).order_by("-pk").first()
    pk = delivery.context.get("expression")
    return rows.filter(pk=pk).first() if pk else None
