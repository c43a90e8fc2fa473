from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    name = "contacts"
    verbose_name = _("Contacts")

    def ready(self) -> None:
        from contacts import list_rights, timeline
        from contacts.segments import attributes, fields, rules

        rules.register("contacts", fields.known)
        rules.register("contacts.attributes", attributes.known)
        timeline.register()
        list_rights.register()
