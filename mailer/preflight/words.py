"""The sentences of the preflight: what is wrong, and what would be right. Keyed by code, so that nothing kept is a language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

# The parts of the page, in its order.
GROUPS: dict[str, Any] = {
    "audience": _("Audience"),
    "texts": _("Words"),
    "look": _("Colours"),
    "mail": _("The mail as it leaves"),
    "fields": _("Merge fields"),
    "links": _("Links"),
    "domain": _("The sender's domain"),
}

SAID: dict[str, Any] = {
    # --- the check itself
    "broken_off": _("The check broke off: %(why)s. Check again."),
    # --- audience
    "no_list": _("Nothing says in the name of which list it goes. Choose one on the page Audience."),
    "no_sender": _("Nobody sends it yet. Choose a sender."),
    "nobody": _("Nobody would get it: the audience is empty."),
    "audience": ngettext_lazy("%(people)s person would get it.", "%(people)s people would get it.", "count"),
    "rule_broken": _("A segment of the audience cannot be read: %(why)s"),
    "jump_up": _(
        "The audience is %(percent)s%% larger than last time: %(people)s people instead of %(before)s. Is that meant?"
    ),
    "jump_down": _(
        "The audience is %(percent)s%% smaller than last time: %(people)s people instead of %(before)s. Is that meant?"
    ),
    "no_jump": _("About as many people as last time (%(before)s)."),
    "small_jump": _("Last time it was %(before)s people, now %(people)s."),
    "slow_count": _("Counting the audience takes too long just now. Check again in a minute."),
    "not_ascii": ngettext_lazy(
        "%(people)s address has letters before its @ that this provider cannot deliver to. It will fail.",
        "%(people)s addresses have letters before their @ that this provider cannot deliver to. They will fail.",
        "count",
    ),
    # --- words
    "no_text": _("There is no text yet. Write one on the page Write."),
    "gap": "%(why)s",
    "no_preheader": _("The preview line is empty: mail programs then show the first words of the mail."),
    "without_language": ngettext_lazy(
        "%(people)s person reads %(name)s, and gets %(instead)s.",
        "%(people)s people read %(name)s, and get %(instead)s.",
        "count",
    ),
    "texts_ok": _("Subject, preview line and text are there in every language."),
    # --- pictures and colours
    "contrast": "%(why)s",
    "look_ok": _("The colours can be read."),
    # --- the mail
    "not_rendered": _("The mail cannot be made: %(why)s"),
    "too_large": _("The mail has %(kilobytes)s kB of HTML. More than 1,000 kB is not sent."),
    "large": _(
        "The mail has %(kilobytes)s kB of HTML. Gmail cuts off what is over 102 kB, with the unsubscribe link."
    ),
    "no_plain": _("There is no plain text in it."),
    "no_postal": _("The sender has no postal address. The law asks for one in the footer."),
    "postal_not_shown": _("The postal address does not stand in the mail. Add the footer block."),
    "no_unsubscribe": _("There is no unsubscribe link in the mail. Add the footer block."),
    "mail_ok": _("HTML and plain text, %(kilobytes)s kB, with unsubscribe link and postal address."),
    # --- merge fields
    "without_value": ngettext_lazy(
        "“%(field)s” is not known of %(people)s person of the audience, and there is nothing to put in its place. "
        "Write for example %(example)s.",
        "“%(field)s” is not known of %(people)s people of the audience, and there is nothing to put in its place. "
        "Write for example %(example)s.",
        "count",
    ),
    "with_fallback": ngettext_lazy(
        "“%(field)s” is not known of %(people)s person, who reads “%(fallback)s”.",
        "“%(field)s” is not known of %(people)s people, who read “%(fallback)s”.",
        "count",
    ),
    "field_ok": _("“%(field)s” is known of everybody."),
    "no_fields": _("No merge fields are used."),
    # --- links
    "no_links": _("There are no links."),
    "links_ok": ngettext_lazy("%(links)s link works.", "%(links)s links work.", "count"),
    "link_missing": _("Nothing is there (%(status)s): %(url)s"),
    "link_own_missing": _("This service has no such page: %(url)s"),
    "link_no_name": _("Nobody has this name in the internet: %(url)s"),
    "link_no_answer": _("No server answers there: %(url)s"),
    "link_broken": _("The server breaks the connection off: %(url)s"),
    "link_slow": _("No answer came in time: %(url)s"),
    "link_certificate": _("Browsers will warn of it, because its certificate does not hold: %(url)s"),
    "link_redirects": _("It leads on and on, and arrives nowhere: %(url)s"),
    "link_server": _("The server is in trouble just now (%(status)s): %(url)s"),
    "link_closed": _("The page does not show itself to a machine (%(status)s). Open it yourself: %(url)s"),
    "link_private": _("It leads into an inner network, where no reader can follow: %(url)s"),
    "link_refused": _("This is no address a reader can open: %(url)s"),
    "link_empty": _("A link or button leads nowhere: it has no address."),
    "link_with_field": _("It holds a merge field and cannot be tried: %(url)s"),
    "link_not_tried": _("There was no time left to try it. Check again: %(url)s"),
    "links_too_many": _("Only the first %(most)s links were tried."),
    # --- domain
    "domain_not_asked": _(
        "This is not the running service: every mail stays in the sandbox, so nothing is asked of the domain %(domain)s."
    ),
    "domain_for_examples": _(
        "%(domain)s is a name for examples, which nobody can own. Give the sender an address of your own."
    ),
    "dns_silent": _("The DNS does not answer for %(domain)s just now. Check again in a few minutes."),
    "spf_ok": _("SPF: %(domain)s names who may send (%(lookups)s of 10 look-ups)."),
    "spf_missing": _("SPF: %(domain)s has no record. Copy the one below."),
    "spf_twice": _("SPF: %(domain)s has several records; receivers then take none. Join them into one."),
    "spf_broken": _("SPF: the record of %(domain)s names %(part)s, which has no usable record itself."),
    "spf_lookups": _(
        "SPF: %(domain)s needs %(lookups)s look-ups, and receivers stop at 10. Take out what is not used."
    ),
    "spf_void": _("SPF: %(domain)s names servers that do not exist. Take them out."),
    "spf_provider": _("SPF: the mail provider (%(include)s) is not in the record of %(domain)s."),
    "spf_allows_all": _("SPF: %(domain)s lets everybody send in its name (+all). End it with ~all."),
    "dkim_no_selector": _(
        "DKIM: the sender names no selector, so the key for %(domain)s cannot be looked up."
    ),
    "dkim_ok": _("DKIM: the key %(name)s stands (%(bits)s bits)."),
    "dkim_missing": _("DKIM: there is no key at %(name)s. Your provider shows the record to copy."),
    "dkim_twice": _("DKIM: several records stand at %(name)s; only one may."),
    "dkim_broken": _("DKIM: the record at %(name)s holds no usable key. Copy it anew."),
    "dkim_revoked": _("DKIM: the key at %(name)s has been withdrawn."),
    "dkim_short": _("DKIM: the key at %(name)s has only %(bits)s bits; receivers take none below 1,024."),
    "dkim_advised": _("DKIM: the key at %(name)s has %(bits)s bits; 2,048 are advised."),
    "dkim_test": _("DKIM: the key at %(name)s is marked as a test (t=y)."),
    "dmarc_ok": _("DMARC: %(domain)s asks receivers for “%(policy)s”."),
    "dmarc_none": _("DMARC: %(domain)s has a record (p=none, which only watches). That is enough to send."),
    "dmarc_missing": _(
        "DMARC: neither %(domain)s nor the domains above it have a record. Copy the one below."
    ),
    "dmarc_twice": _("DMARC: %(domain)s has several records; receivers then take none."),
    "dmarc_nothing": _(
        "DMARC: the record of %(domain)s asks for nothing. Give it p=none, or an address for reports."
    ),
    "dmarc_test": _("DMARC: the record of %(domain)s is marked as a test (t=y)."),
    "aligned": _("The mails are signed or sent by the house of %(domain)s itself."),
    "not_aligned": _(
        "Receivers cannot tell that the mails come from %(domain)s: they are signed by %(signing)s and sent by %(bounces)s."
    ),
    "mx_ok": _("Answers to %(domain)s arrive."),
    "mx_missing": _("No server takes mail for %(domain)s: answers of readers are lost."),
}

RECORD_NOTES: dict[str, Any] = {
    "provider": _("Your mail provider shows the value in its settings of the domain."),
}
