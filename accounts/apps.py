from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import audit, invitations, resets, sessions
        from accounts.roles import ensure_roles
        from accounts.signin import watching

        sessions.watch()
        audit.watch_sign_ins()
        watching.watch()
        invitations.promise_mails()
        resets.promise_mails()
        post_migrate.connect(ensure_roles, sender=self)
