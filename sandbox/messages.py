"""A stored call turned back into the mail one recipient gets: headers, text, HTML, source."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import formatdate
from typing import Any

from .forms import File, read_form
from .mailgun import Submission, filler, read_submission

RAW = "message/rfc822"


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail that came as MIME, over SMTP."""

    source: bytes


Content = Submission | RawMail
_LINE_ENDS = re.compile("[\r\n\0\v\f\x1c-\x1e\x85\u2028\u2029]+")  # what str.splitlines splits at


@dataclass(slots=True)
class Rendered:
    """A mail as its recipient gets it. Header values are decoded; `source` is the MIME."""

    headers: list[tuple[str, str]]
    text: str
    html: str
    attachments: list[File] = field(default_factory=list)
    source: bytes = b""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def read_content(content_type: str, body: bytes) -> Content:
    """Parse what the store kept of a call."""
    if content_type.startswith(RAW):
        return RawMail(body)
    domain, _, content_type = content_type.partition(" ")
    return read_submission(domain, read_form(content_type, body))


def form_content_type(domain: str, content_type: str) -> str:
    """What to keep beside a form's body so that `read_content` understands it again."""
    return f"{domain} {content_type}"


def render(content: Content, entry: dict[str, Any]) -> Rendered:
    """The mail that the recipient of this log entry got."""
    if isinstance(content, RawMail):
        return _render_raw(content.source)
    return _render_submission(content, entry)


def links(rendered: Rendered) -> list[str]:
    """The web addresses in a mail, in order of appearance."""
    found = re.findall(r"href\s*=\s*[\"'](https?://[^\"']+)", rendered.html, re.IGNORECASE)
    return [link.replace("&amp;", "&") for link in found] or re.findall(r"https?://[^\s<>\"]+", rendered.text)


def html_with_inline_pictures(rendered: Rendered) -> str:
    """The HTML with `cid:` addresses replaced by the pictures themselves."""
    html = rendered.html
    for file in rendered.attachments:
        if file.field == "inline" and file.content_type.startswith("image/"):
            data = base64.b64encode(file.data).decode()
            html = html.replace(f"cid:{file.name}", f"data:{file.content_type};base64,{data}")
    return html


def _render_submission(call: Submission, entry: dict[str, Any]) -> Rendered:
    recipient = entry["recipient"]
    values = call.values_for(recipient)

    def fill(template: str) -> str:
        return _encodable(filler(template)(recipient, values))

    own_copy = call.is_batch and recipient in call.to
    headers = [
        ("From", fill(call.sender)),
        ("To", _shown_as(recipient, call.shown_to) if own_copy else ", ".join(call.shown_to)),
        ("Subject", fill(call.subject)),
        ("Date", formatdate(entry["time"])),
        ("Message-ID", entry["message_id"]),
    ]
    if call.shown_cc:
        headers.insert(2, ("Cc", ", ".join(call.shown_cc)))
    for name, value in call.headers.items():
        filled = fill(value)
        if filled:  # Anymail gives an empty value to people whom a merge header does not concern
            headers.append((name, filled))
    headers = [(name, _LINE_ENDS.sub(" ", _encodable(value))) for name, value in headers]
    rendered = Rendered(headers, fill(call.text), fill(call.html), call.files)
    rendered.source = _build_source(rendered, fill(call.amp_html))
    return rendered


def _shown_as(recipient: str, shown: list[str]) -> str:
    return next((value for value in shown if f"<{recipient}>" in value), recipient)


def _build_source(rendered: Rendered, amp_html: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message.set_content(rendered.text)
    for subtype, body in (("x-amp-html", amp_html), ("html", rendered.html)):
        if body:
            message.add_alternative(body, subtype=subtype)
    for file in rendered.attachments:
        _attach(message, file)
    # compat32 writes any header, also one a strict policy would refuse: the inbox shows what was sent.
    lines = b"".join(_header_line(name, value) for name, value in rendered.headers)
    return lines + message.as_bytes()


def _attach(message: EmailMessage, file: File) -> None:
    kind = file.content_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", file.content_type, re.ASCII) else ""
    maintype, _, subtype = kind.partition("/")
    if maintype in ("", "multipart", "message", "text"):  # these would be taken apart or recoded
        maintype, subtype = "application", "octet-stream"
    name = _LINE_ENDS.sub(" ", _encodable(file.name))
    inline = file.field == "inline"
    message.add_attachment(
        file.data,
        maintype=maintype,
        subtype=subtype,
        filename=name,
        disposition="inline" if inline else "attachment",
        cid=f"<{name}>" if inline else None,
    )


def _header_line(name: str, value: str) -> bytes:
    header = Message(policy=policy.compat32.clone(linesep="\r\n"))
    header[name] = value
    return header.as_bytes().removesuffix(b"\r\n")


def _render_raw(source: bytes) -> Rendered:
    message = BytesParser(policy=policy.compat32).parsebytes(source)
    headers = [(name, decoded_header(value)) for name, value in message.items()]
    rendered = Rendered(headers, text="", html="", source=source)
    for part in message.walk():
        kind = part.get_content_type()
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_filename() or kind not in ("text/plain", "text/html"):
            cid = str(part.get("Content-ID", "")).strip("<> ")
            name = cid or part.get_filename() or "part"
            rendered.attachments.append(File("inline" if cid else "attachment", name, kind, data))
        elif kind == "text/plain" and not rendered.text:
            rendered.text = _text(data, part)
        elif kind == "text/html" and not rendered.html:
            rendered.html = _text(data, part)
    return rendered


def _text(data: bytes, part: Message) -> str:
    try:
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def decoded_header(value: Any) -> str:
    """A header's value as a person reads it, on one line."""
    text = str(value)
    with suppress(ValueError, LookupError):  # a header nobody can decode is shown as it came
        text = str(make_header(decode_header(text)))
    return _encodable(re.sub(r"\s*[\r\n]+\s*", " ", text))


def _encodable(text: str) -> str:
    """Without lone surrogates, which JSON may carry and no mail can."""
    return text.encode("utf-8", "replace").decode("utf-8")
