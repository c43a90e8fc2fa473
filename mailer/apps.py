from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailerConfig(AppConfig):
    name = "mailer"
    verbose_name = _("Mail")

    def ready(self) -> None:
        from anymail.signals import tracking

        from contacts.segments import rules
        from mailer import personal, segment_rules
        from mailer.webhooks import keep_event

        tracking.connect(keep_event, dispatch_uid="mailer.webhooks.keep_event")
        personal.register()
        rules.register("mailer", segment_rules.known)
