"""The texts of a mailing, frozen: one message in each language for the people of each part who read it."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from contacts.naming import language_name
from mailer import sending, theming
from mailer.links import rewriting
from mailer.models import Mailing, MailingMessage, MailingText, Message
from mailer.writing import conditions, fields, rendering

Group = tuple[str, int]  # the language and the part of the audience that read one message


def message_for(mailing: Mailing, language: str, part: int = 0, version: int = 1) -> MailingMessage:
    """The frozen message of one group; as `freeze_messages`."""
    return freeze_messages(mailing, [(language, part)], version=version)[language, part]


def freeze_messages(
    mailing: Mailing, groups: Iterable[Group], *, version: int = 1
) -> dict[Group, MailingMessage]:
    """Write what each group reads, as the texts stand now and for `mailing.conditions`; a repeat writes nothing anew.

    All of them are rendered before the first row is written, outside of any transaction of ours. Raises ValidationError
    in words, with the language named, where a text cannot be sent.
    """
    wanted = list(dict.fromkeys(groups))
    known = _known(mailing, version)
    rendered = _rendered(mailing, [group for group in wanted if group not in known])
    with transaction.atomic():
        Mailing.objects.select_for_update().only("pk").get(pk=mailing.pk)
        known = _known(mailing, version)
        for (language, part), mail in rendered.items():
            if (language, part) not in known:
                known[language, part] = MailingMessage.objects.create(
                    mailing=mailing,
                    message=_stored(mailing, mail, language),
                    language=language,
                    part=part,
                    version=version,
                )
    return {group: known[group] for group in wanted}


def _known(mailing: Mailing, version: int) -> dict[Group, MailingMessage]:
    rows = MailingMessage.objects.filter(mailing=mailing, version=version).select_related("message")
    return {(row.language, row.part): row for row in rows}


def _rendered(mailing: Mailing, groups: list[Group]) -> dict[Group, rendering.Rendered]:
    if not groups:
        return {}
    if mailing.sender is None or not mailing.sender.postal_address.strip():
        raise ValidationError(_("The mailing has no sender with a postal address."), code="no_sender")
    texts = {text.language: text for text in mailing.texts.all()}
    _check_conditions(mailing, texts.values())
    theme, names = theming.theme_of(mailing.organisation), fields.names()
    found = {}
    for language, part in groups:
        text = texts.get(language)
        if text is None:
            raise ValidationError(
                _("There is no text in %(language)s."), params={"language": language_name(language)}
            )
        text.mailing = mailing  # spares a query for each
        try:
            found[language, part] = rendering.render(
                text, theme=theme, part=part, conditions_of=mailing.conditions, known=names
            )
        except ValidationError as error:
            said = [f"{language_name(language)}: {message}" for message in error.messages]
            raise ValidationError(said, code="text") from error
    return found


def _check_conditions(mailing: Mailing, texts: Iterable[MailingText]) -> None:
    if any(tree not in mailing.conditions for tree in conditions.in_texts(text.blocks for text in texts)):
        raise ValidationError(
            _(
                "Who reads which block was fixed when the mailing started; a block names people that were not."
            ),
            code="new_condition",
        )


def _stored(mailing: Mailing, mail: rendering.Rendered, language: str) -> Message:
    sender = mailing.sender
    assert sender is not None  # noqa: S101 — asked before anything was rendered
    html, text = rewriting.rewrite(mail.html, mail.text, mailing, language)
    return sending.write(
        subject=mail.subject,
        preheader=mail.preheader,
        text=text,
        html=html,
        from_name=sender.name,
        from_address=sender.address,
        reply_to=sender.reply_to,
        language=language,
        sender=sender,
    )
