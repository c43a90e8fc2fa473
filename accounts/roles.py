"""The groups staff are put in, and the rights each group has. Kept in step after every migrate."""

from __future__ import annotations

from typing import Any

from django.apps import apps

# Group name -> permissions as "app.model: actions". `accounts.role_words` says each in plain words.
ROLES: dict[str, dict[str, str]] = {
    "Campaigners": {
        "advocacy.campaign": "view add change",
        "advocacy.campaigntext": "view add change delete",
        "advocacy.lettertemplate": "view add change delete",
        "advocacy.targetrule": "view add change delete",
        "advocacy.step": "view add change delete",
        "advocacy.question": "view add change delete",
        "advocacy.term": "view add change delete",
        "advocacy.update": "view add change delete",
        "advocacy.partner": "view add change delete",
        "advocacy.sharetext": "view add change delete",
        "advocacy.sharelink": "view add change",
        "advocacy.resource": "view add change delete",
        "advocacy.resourcefile": "view add change",
        "advocacy.resourcepack": "view",
        "advocacy.membership": "view add change",
        "advocacy.membershiptext": "view add change delete",
        "advocacy.expression": "view",
        "mailer.picture": "view add change",
        "advocacy.legislature": "view",
        "advocacy.area": "view",
        "advocacy.person": "view",
        "advocacy.mandate": "view",
        "advocacy.contactroute": "view",
        "advocacy.postcode": "view",
        "advocacy.letter": "view",
        "advocacy.submission": "view",
    },
    "Representatives editors": {
        "advocacy.legislature": "view add change",
        "advocacy.area": "view add change",
        "advocacy.person": "view add change export",
        "advocacy.mandate": "view add change",
        "advocacy.contactroute": "view add change export",
        "advocacy.postcode": "view add change",
        "advocacy.columnmapping": "view add change delete",
        "advocacy.representativeimport": "view add",
    },
    "Moderators": {
        "advocacy.campaign": "view",
        "advocacy.letter": "view release",
        "advocacy.report": "view change",
        "advocacy.expression": "view moderate",
        "advocacy.submission": "view",
        "mailer.delivery": "view settle",
    },
    "Contacts editors": {
        "contacts.contact": "view add change erase",
        "contacts.attribute": "view add change",
        "contacts.mailinglist": "view add change",
        "contacts.subscription": "view",
        "contacts.consent": "view",
        "contacts.suppression": "view add",
        "contacts.erasure": "view",
        "contacts.segment": "view add change delete",
        "contacts.import": "view add change",
        "contacts.importmapping": "view add change delete",
        "mailer.signup": "view",
    },
    # Who writes newsletters, who sends them, and who says yes to a large one are three rights, and may be three people.
    "Newsletter editors": {
        "mailer.mailing": "view add change delete",
        "mailer.picture": "view add change",
        "mailer.savedblock": "view add change delete",
        "mailer.mailingtemplate": "view add change delete",
        "mailer.theme": "view add change",
        "mailer.sender": "view",
        "contacts.mailinglist": "view",
        "contacts.segment": "view",
    },
    "Newsletter senders": {
        "mailer.mailing": "view send",
        "mailer.sender": "view",
        "mailer.delivery": "view settle",
        "contacts.mailinglist": "view",
        "contacts.segment": "view",
    },
    "Newsletter approvers": {
        "mailer.mailing": "view approve",
    },
    # Writing again to somebody who was suppressed is an act of its own, with its reason.
    "Suppression keepers": {
        "contacts.contact": "view",
        "contacts.consent": "view",
        "contacts.suppression": "view add lift",
    },
    # Taking people away as a file is a right of its own: editing contacts does not bring it.
    "Contacts exporters": {
        "contacts.contact": "view export",
        "contacts.mailinglist": "view",
        "contacts.segment": "view",
        "contacts.contactexport": "view",
    },
    # Answers for the data: what we keep of people, why, how long, and who took it away.
    "Data stewards": {
        "contacts.contact": "view add change export erase",
        "contacts.attribute": "view add change",
        "contacts.mailinglist": "view add change",
        "contacts.subscription": "view",
        "contacts.consent": "view",
        "contacts.suppression": "view add lift",
        "contacts.erasure": "view",
        "contacts.segment": "view add change delete",
        "contacts.import": "view add change",
        "contacts.importmapping": "view add change delete",
        "contacts.contactexport": "view",
        "contacts.listright": "view",
        "mailer.signup": "view",
        "admin.logentry": "view",
    },
    # Who works here and as what. Nobody gives a right they do not have themselves.
    "Administrators": {
        "accounts.user": "view add change",
        "accounts.invitation": "view add",
        "accounts.organisation": "view add change",
        "auth.group": "view",
        "contacts.listright": "view add delete",
        "contacts.mailinglist": "view",
        "admin.logentry": "view",
    },
}


def ensure_roles(**kwargs: Any) -> None:
    """Create the groups and give them the rights they lack; rights added by hand stay. Safe to repeat."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    for config in apps.get_app_configs():
        if config.label in {"accounts", "admin", "auth", "contacts", "mailer", "advocacy"}:
            create_permissions(config, verbosity=0)
    for name, rights in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        for target, actions in rights.items():
            app, model = target.split(".")
            codenames = [f"{action}_{model}" for action in actions.split()]
            found = Permission.objects.filter(content_type__app_label=app, codename__in=codenames)
            group.permissions.add(*found)
