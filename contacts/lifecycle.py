"""The guarded status that imports, deliveries and letters share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Lifecycle(models.Model):
    """A row with a status that moves only along `MOVES`.

    One UPDATE asks and changes: of eight workers at once one wins; read, check and save lets all eight through.
    """

    MOVES: ClassVar[dict[str, set[str]]] = {}

    class Meta:
        abstract = True

    @classmethod
    def sources_of(cls, new: str) -> list[str]:
        """The statuses from which a row may move to `new`."""
        return [old for old, nexts in cls.MOVES.items() if new in nexts]

    def move_to(self, new: str, **changes: Any) -> bool:
        """Move the row, saving `changes` with it; False if it stood where no move to `new` is allowed."""
        rows: models.QuerySet[Any] = type(self)._default_manager.filter(pk=self.pk)
        moved = rows.filter(status__in=self.sources_of(new)).update(**{"status": new, **changes})
        if moved:
            self.refresh_from_db()
        return bool(moved)
