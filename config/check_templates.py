"""Compile every Django template: `python -m config.check_templates`. Exit code 1 if one has an error."""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template

SUFFIXES = {".html", ".txt", ".mjml"}


def broken_templates() -> list[str]:
    """One line for each template that does not compile: its name and what is wrong."""
    broken = []
    folder = settings.BASE_DIR / "templates"
    for path in sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES):
        name = str(path.relative_to(folder))
        try:
            get_template(name)
        except (TemplateSyntaxError, TemplateDoesNotExist) as error:
            broken.append(f"{name}: {type(error).__name__}: {error}")
    return broken


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.exit("\n".join(broken_templates()) or None)
