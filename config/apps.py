"""Apps of others, wired our way."""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin app, with our desk as its one site."""

    default_site = "accounts.desk.Desk"
