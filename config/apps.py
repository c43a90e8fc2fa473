"""Apps of others, wired our way, and the wiring itself."""

import sys

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig


class HouseConfig(AppConfig):
    """No tables: it holds the management commands that belong to no app."""

    name = "config"


class DeskConfig(SimpleAdminConfig):
    """Django's admin app, with our desk as its one site.

    A worker has no use for the desk's pages; they come to 20 MB. It knows them all the same once it writes a link to one
    (config/desk_urls.py).
    """

    default_site = "accounts.desk.Desk"

    def ready(self) -> None:
        super().ready()
        if not ("worker" in sys.argv and "celery" in sys.argv[0]):
            admin.autodiscover()
