"""Member organisations of a campaign: whose page it is, and what its own newsletter's box says."""

from __future__ import annotations

from django.utils.translation import gettext as _

from advocacy.models import Campaign, Membership, MembershipText
from contacts.models import MailingList


def of(campaign: Campaign, short_name: str) -> Membership | None:
    """The member of `campaign` with this short name whose page is open; None for any other."""
    if not short_name:
        return None
    rows = Membership.objects.filter(campaign=campaign, is_active=True, organisation__slug=short_name)
    return rows.select_related("organisation", "logo", "mailing_list").prefetch_related("texts").first()


def listed(campaign: Campaign) -> list[Membership]:
    """The members to name on the campaign's page, by name."""
    rows = campaign.memberships.filter(is_active=True, is_listed=True)
    return list(rows.select_related("organisation", "logo").order_by("organisation__name", "pk"))


def text_for(member: Membership, language: str) -> MembershipText | None:
    """The member's own words in `language`, else in its plain form, in its own or the campaign's language, else any."""
    texts = {text.language.casefold(): text for text in member.texts.all()}
    wanted = (language, language.split("-")[0], member.language, member.campaign.default_language)
    found = next((texts[choice.casefold()] for choice in wanted if choice.casefold() in texts), None)
    return found or next(iter(texts.values()), None)


def list_of(member: Membership | None) -> MailingList | None:
    """The list the member may offer: its own. One of somebody else's is offered by nobody's box but theirs."""
    if member is None or member.mailing_list is None:
        return None
    return member.mailing_list if member.mailing_list.organisation_id == member.organisation_id else None


def news_consent(member: Membership | None, language: str) -> str:
    """The sentence of the member's own tick, naming the member; "" where it offers no list."""
    offered = list_of(member)
    if member is None or offered is None or offered.pk == member.campaign.mailing_list_id:
        return ""
    shown = offered.texts.get(language) or offered.texts.get(member.campaign.default_language) or {}
    return _(
        "I would also like to get “%(list)s” from %(organisation)s by e-mail. %(organisation)s keeps my address for "
        "it, and I can leave at any time with one click."
    ) % {"list": shown.get("name") or offered.name, "organisation": member.organisation.name}
