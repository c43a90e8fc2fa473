from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdvocacyConfig(AppConfig):
    name = "advocacy"
    verbose_name = _("Advocacy")

    def ready(self) -> None:
        from advocacy import (
            door,
            invariants,
            list_rights,
            mails,
            outcomes,
            personal,
            reasons,
            receivers,
            segment_rules,
        )
        from advocacy.expressions import personal as expressions
        from contacts.segments import rules
        from mailer import kinds
        from mailer.models import Delivery
        from mailer.signals import delivery_settled

        reasons.know_ours()
        kind = Delivery.Kind
        kinds.register(kind.LETTER, check=door.check_letter, fields=mails.letter_fields)
        kinds.register(kind.CONFIRMATION, check=mails.check_confirmation, fields=mails.confirmation_fields)
        kinds.register(kind.SYSTEM, fields=mails.system_fields)
        kinds.register(kind.NOTICE, check=mails.check_notice, fields=mails.notice_fields)
        delivery_settled.connect(receivers.on_settled, dispatch_uid="advocacy.receivers.on_settled")
        invariants.register()
        list_rights.register()
        outcomes.register()
        personal.register()
        expressions.register()
        rules.register("advocacy", segment_rules.known)
