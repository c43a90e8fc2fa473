"""Proof that a post of Amazon's notification service is its own: Anymail does not check it (RELIABILITY §1, CVE-2026-42193).

Amazon signs for every customer, so the topic is compared as well. Its certificate is fetched from a host whose name is
matched as a whole (CVE-2023-33185), https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Collection
from typing import Any

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_HOST = r"https://sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem", re.ASCII)
_CONFIRMATION = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[A-Za-z0-9=&%:._-]{1,2000}", re.ASCII)
_SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_TIMEOUT = (5, 10)
_LARGEST = 20_000


class NotProvenError(Exception):
    """The post is not Amazon's, or of somebody else's topic."""


def check(post: dict[str, Any], topics: Collection[str]) -> None:
    """Raise NotProvenError unless Amazon signed this post and its topic is one of ours."""
    if post.get("TopicArn") not in topics:
        raise NotProvenError("not one of our topics")
    hash_of = {"1": hashes.SHA1, "2": hashes.SHA256}.get(str(post.get("SignatureVersion")))
    if hash_of is None:
        raise NotProvenError("an unknown kind of signature")
    url = str(post.get("SigningCertURL", ""))
    if not _CERTIFICATE.fullmatch(url):
        raise NotProvenError("a certificate that is not Amazon's")
    try:
        signature = base64.b64decode(str(post.get("Signature", "")), validate=True)
        _key(url).verify(signature, _text(post), padding.PKCS1v15(), hash_of())
    except (InvalidSignature, binascii.Error) as error:
        raise NotProvenError("a wrong signature") from error


def confirm(post: dict[str, Any]) -> None:
    """Tell Amazon that the topic may post to us, as it asks once. The post has been checked.

    Raises NotProvenError for an address that is not Amazon's, and what `requests` raises.
    """
    url = str(post.get("SubscribeURL", ""))
    if not _CONFIRMATION.fullmatch(url):
        raise NotProvenError("a confirmation that is not Amazon's")
    requests.get(url, timeout=_TIMEOUT, allow_redirects=False).raise_for_status()


def _text(post: dict[str, Any]) -> bytes:
    """What is signed: the names and values that are there, in the order of names, a line each."""
    wanted = (
        _SIGNED
        if post.get("Type") != "Notification"
        else tuple(n for n in _SIGNED if n not in {"SubscribeURL", "Token"})
    )
    return "".join(f"{name}\n{post[name]}\n" for name in wanted if name in post).encode()


@functools.lru_cache(maxsize=8)
def _key(url: str) -> rsa.RSAPublicKey:
    answer = requests.get(url, timeout=_TIMEOUT, allow_redirects=False, stream=True)
    answer.raise_for_status()
    key = x509.load_pem_x509_certificate(answer.raw.read(_LARGEST, decode_content=True)).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotProvenError("a certificate of another kind")
    return key
