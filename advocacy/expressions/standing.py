"""Where an expression stands, for its writer to read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from advocacy.models import Expression

Status = Expression.Status


@dataclass(frozen=True, slots=True)
class Standing:
    """`look` is good, warn or bad; `icon` is one of templates/_icon.html."""

    look: str
    icon: str
    word: str
    sentence: str


def of(expression: Expression) -> Standing:
    """The state of a proven expression in plain words."""
    if expression.status == Status.PUBLISHED:
        return Standing("good", "check", _("Published"), _("Everybody can read it."))
    if expression.status == Status.CONFIRMED:
        return Standing(
            "warn",
            "clock",
            _("Waiting for a look"),
            _(
                "Your mailbox is confirmed. A person of the campaign looks at it, then it is public; we mail you."
            ),
        )
    if expression.status == Status.REFUSED:
        return Standing(
            "bad",
            "cross",
            _("Not published"),
            _(
                "A person of the campaign decided not to show it. You can change it, and somebody looks again."
            ),
        )
    return Standing(
        "warn",
        "cross",
        _("Taken down"),
        _("Nobody can read it any more. In 30 days at the latest we have removed it for good."),
    )
