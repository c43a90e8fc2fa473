"""Apps of others, wired our way, and the wiring itself."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HouseConfig(AppConfig):
    """No tables: it holds the management commands that belong to no app."""

    name = "config"


class DeskConfig(AdminConfig):
    """Django's admin app, with our desk as its one site."""

    default_site = "accounts.desk.Desk"
