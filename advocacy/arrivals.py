"""How a supporter came: by a member's page, by a link somebody passed on. Carried from step to step, no cookie needed.

Nothing of it is believed before the letters are posted, and then it wins nothing but a count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from advocacy import forms, members, sharing
from advocacy.models import Campaign, Membership
from advocacy.sharing import CameBy

_SHORT_NAME = re.compile(r"[-a-zA-Z0-9_]{1,50}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the address or the form says: `via`, a link's code as it was typed, and the member whose page it was."""

    via: str = ""
    member: Membership | None = None

    @property
    def query(self) -> str:
        """What an address of the journey carries on, such as "via=amber-fox-27&with=bus-riders"; "" for nothing."""
        carried = {"via": self.via, "with": self.member.organisation.slug if self.member else ""}
        return urlencode({name: value for name, value in carried.items() if value})


def of(campaign: Campaign, data: QueryDict) -> Arrival:
    """How the reader of a page came; a member that is unknown, closed or of another campaign is none."""
    named = data.get("with", "")
    member = members.of(campaign, named) if _SHORT_NAME.fullmatch(named) else None
    return Arrival(forms.via(data), member)


def credit(campaign: Campaign, arrival: Arrival) -> CameBy:
    """Whom a submission is to be counted for. The page somebody came by says more than the link that led there."""
    found = sharing.came_by(campaign, arrival.via)
    return replace(found, membership=arrival.member or found.membership)
