from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailerConfig(AppConfig):
    name = "mailer"
    verbose_name = _("Mail")

    def ready(self) -> None:
        from accounts import mails as account_mails
        from contacts.segments import rules
        from contacts.signals import import_settled
        from mailer import import_mails, invariants, kinds, list_rights, personal, segment_rules, staff_mails
        from mailer.mailings import testing
        from mailer.models import Delivery
        from mailer.preferences import link_mails
        from mailer.reporting import checking
        from mailer.signup import mails
        from mailer.signup import personal as personal_sign_ups

        personal.register()
        list_rights.register()
        invariants.register(checking.NAME, checking.wrong_bars)
        rules.register("mailer", segment_rules.known)
        personal_sign_ups.register()
        kinds.register(Delivery.Kind.OPT_IN, check=mails.check, fields=mails.fields)
        kinds.register(Delivery.Kind.NOTICE, check=link_mails.check, fields=link_mails.fields)
        kinds.register(Delivery.Kind.STAFF, check=staff_mails.check, fields=staff_mails.fields)
        account_mails.bring(staff_mails.post)
        kinds.register(Delivery.Kind.TEST, fields=testing.fields, headers=testing.headers)
        import_settled.connect(import_mails.on_settled, dispatch_uid="mailer.import_mails.on_settled")
