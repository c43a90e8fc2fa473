#!/usr/bin/env python
"""Run a management command; in a clone with embedded PostgreSQL and Valkey, unless others are set."""

import os
import sys

# These look at the code only.
WITHOUT_SERVERS = {
    "help",
    "version",
    "collectstatic",
    "make_messages",
    "compile_translations",
}
# These are about the tables themselves.
WITHOUT_TABLES = {"migrate", "makemigrations", "showmigrations", "sqlmigrate", "check"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "help")
    in_production = os.environ.get("EPISTLE_ENV") == "production"
    if in_production or command in WITHOUT_SERVERS:
        execute_from_command_line(sys.argv)
        return

    from config.prepare import make_tables
    from embedded.errors import EmbeddedError
    from embedded.services import services

    try:
        with services(prepare=lambda: None if command in WITHOUT_TABLES else make_tables()):
            execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
