"""Member organisations of a campaign: whose page it is, and what its own newsletter's box says."""

from __future__ import annotations

from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Organisation
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


# --- joining --------------------------------------------------------------------------------------------------------


def organisation_called(typed: str) -> Organisation | None:
    """The organisation with exactly this name or short name, whatever the case."""
    typed = " ".join(typed.split())
    return Organisation.objects.filter(Q(name__iexact=typed) | Q(slug__iexact=typed)).order_by("pk").first()


def similar(typed: str) -> list[Organisation]:
    """A few organisations whose name holds a word of `typed`, for who may mean one of them."""
    words = sorted({word for word in typed.split() if len(word) > 3}, key=len, reverse=True)[:3]
    found = Q()
    for word in words:
        found |= Q(name__icontains=word)
    return list(Organisation.objects.filter(found).order_by("name")[:8]) if words else []


def short_name_for(name: str) -> str:
    """A short name that is free, from what of the name an address can hold."""
    base = slugify(name)[:40] or "member"
    taken = set(Organisation.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(one for one in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)


def join(campaign: Campaign, organisation: Organisation) -> Membership:
    """The organisation's part in the campaign; a repeat gives the one there is."""
    return Membership.objects.get_or_create(campaign=campaign, organisation=organisation)[0]
