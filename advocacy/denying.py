"""The link "it was not me" of a confirmation mail, for letters and expressions of support alike (RELIABILITY A3).

A token names the mail in our ledger and is sealed over the keyed hash of the address it went to (mailer/seals.py). So
it lives on when the address is corrected and every other link to the wrong one dies, and speaks for the mailbox that
has the mail, never for the corrected one. The ledger keeps both after the address itself is forgotten.
"""

from __future__ import annotations

from mailer import seals
from mailer.models import Delivery
from mailer.seals import Gone

SUBMISSION, EXPRESSION = "submission", "expression"  # as the context of a mail names what it is about


def token(about: str, delivery: Delivery) -> str:
    """The token of one mail. Always the same."""
    return seals.make(_named(about), delivery.pk, _sealed(delivery))


def read(about: str, given: str) -> tuple[int, bytes]:
    """The id of the row that the mail of a token was about, and the keyed hash of the address it went to.

    Raises Gone. Changes nothing. How long it is good for its row knows.
    """
    mails = Delivery.objects.filter(pk=seals.row_of(given), kind=Delivery.Kind.CONFIRMATION)
    delivery = mails.only("address_hash", "context").first()
    seals.check(_named(about), given, _sealed(delivery) if delivery else None)
    if delivery is None or about not in delivery.context:
        raise Gone
    return delivery.context[about], bytes(delivery.address_hash)


def _named(about: str) -> str:
    return f"advocacy.denying.{about}"


def _sealed(delivery: Delivery) -> str:
    return bytes(delivery.address_hash).hex()
