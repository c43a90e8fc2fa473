"""Files for spreadsheet programs that no program takes for a formula."""

from __future__ import annotations

from typing import Any

from import_export import resources

from accounts.formulas import harmless

__all__ = ["HarmlessResource", "harmless"]


class HarmlessResource(resources.ModelResource):
    """A resource whose every cell is harmless."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        return harmless(super().export_field(field, instance, **kwargs))
