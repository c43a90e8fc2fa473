"""What a row says of a person's wish, and what follows from it. Imports nothing of Django: the reader uses it too.

Words for what other systems call status or consent; which words of theirs mean which, `cleaning` knows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What follows for the address.

    reason: of the subscription, which is then "unsubscribed" (`Subscription.Reason`).
    refusal: takes away what the person gave us. Without it the file only brings no consent of its own.
    suppression: reason and scope (`Suppression`), or None where it is about this list alone.
    withdrawn: the person's own word, kept as a consent taken back.
    """

    reason: str
    refusal: bool = True
    suppression: tuple[str, str] | None = None
    withdrawn: bool = False


# In the order of strength: of several rows of one person the first in this order holds.
MEANINGS: dict[str, Meaning] = {
    "erased": Meaning("suppressed", suppression=("erased", "all")),
    "do_not_contact": Meaning("suppressed", suppression=("do_not_contact", "all"), withdrawn=True),
    "complained": Meaning("suppressed", suppression=("complaint", "all")),
    "bounced": Meaning("suppressed", suppression=("bounce", "all")),
    "left_all": Meaning("suppressed", suppression=("left", "mailings"), withdrawn=True),
    "unsubscribed": Meaning("refused", withdrawn=True),
    "disabled": Meaning("disabled"),
    "no_consent": Meaning("no_consent"),
    "pending": Meaning("unconfirmed", refusal=False),
}
MAILABLE = ""
WORDS = tuple(MEANINGS)
SUPPRESSING = tuple(word for word, meaning in MEANINGS.items() if meaning.suppression)
REFUSALS = tuple(word for word, meaning in MEANINGS.items() if meaning.refusal)
WITHDRAWN = tuple(word for word, meaning in MEANINGS.items() if meaning.withdrawn)

# What the mode "suppress" takes a row for that says nothing of its own: reason of the import to standing.
SUPPRESS_REASONS = {
    "do_not_contact": "do_not_contact",
    "bounce": "bounced",
    "complaint": "complained",
    "left": "left_all",
}
