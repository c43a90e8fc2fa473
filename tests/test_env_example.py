"""`.env.example` is the list of what an operator can set: complete, and with nothing that is not read."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from config import mail_providers

ROOT = Path(__file__).resolve().parent.parent


def variables_read() -> set[str]:
    """Names that config/settings.py asks the environment for, and those of the providers."""
    calls = (
        node
        for node in ast.walk(ast.parse((ROOT / "config/settings.py").read_text()))
        if isinstance(node, ast.Call)
    )
    return set(mail_providers.variables()) | {
        call.args[0].value
        for call in calls
        if (
            (isinstance(call.func, ast.Name) and call.func.id == "_need")
            or (
                isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Name)
                and call.func.value.id == "env"
            )
        )
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_variable_the_settings_read_is_explained_to_the_operator():
    shown = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert shown == variables_read()
