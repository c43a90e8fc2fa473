"""What people say in public in support of a campaign, gone the real way to where it stands."""

from __future__ import annotations

import itertools
from typing import Any

from advocacy.expressions import moderating
from advocacy.expressions import writing as expressions
from advocacy.expressions.words import Words
from advocacy.models import Campaign, Expression
from contacts.addresses import Address, parse
from tests.factories import make_campaign, make_user, unique_address

_number = itertools.count(1)


def make_words(**fields: Any) -> Words:
    """What a person says in support of a campaign."""
    return Words(
        **{
            "category": Expression.Category.PUBLIC,
            "name": "Amina Example",
            "role": "teacher",
            "country": "KE",
            "language": "en",
            "statement": "My pupils come by line 42.",
            **fields,
        }
    )


def make_expression(
    campaign: Campaign | None = None,
    status: str = Expression.Status.PUBLISHED,
    *,
    address: Address | str | None = None,
    **fields: Any,
) -> Expression:
    """An expression that went the real way to where it stands; `fields` are words, or columns written afterwards."""
    known = {name: fields.pop(name) for name in list(fields) if name in Words.__dataclass_fields__}
    draft = expressions.Draft(
        campaign=campaign or make_campaign(),
        words=make_words(**known),
        address=parse(address) if isinstance(address, str) else address or unique_address("amina"),
        form_key=f"form-{next(_number)}",
        consent_text="Publish it.",
        mail_language="en",
    )
    expression = expressions.submit(draft)
    if status != Expression.Status.PENDING:
        assert expressions.confirm(expression)
        expression.refresh_from_db()
    if status == Expression.Status.PUBLISHED:
        assert moderating.publish(expression, make_user(), expression.revision)
    elif status == Expression.Status.REFUSED:
        assert moderating.refuse(expression, make_user(), "Please write a sentence more.")
    elif status == Expression.Status.WITHDRAWN:
        assert expressions.take_down(expression)
    if fields:
        Expression.objects.filter(pk=expression.pk).update(**fields)
    expression.refresh_from_db()
    return expression
