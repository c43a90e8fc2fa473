"""A file between its dry run and its run: in a folder only the service can read, under a name nobody chooses.

It is removed after the run, by a change of mind, or after a day.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

MAX_BYTES = 25 * 1024 * 1024
KEPT_FOR = dt.timedelta(days=1)


class UploadForm(forms.Form):
    """A form with a file of bounded size."""

    file = forms.FileField(label=_("File"))

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise ValidationError(_("This file is too large: at most 25 MB."))
        return file


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file of a kind that a member of staff has brought and not yet imported; the session remembers it."""

    session_key: str

    def keep(self, request: HttpRequest, file: UploadedFile, asked: Mapping[str, str]) -> Path:
        """Write the file to a place of ours, with what was asked of it; an earlier one goes."""
        self.forget(request)
        kept = _written(file)
        request.session[self.session_key] = {**asked, "kept": kept.name}
        return kept

    def waiting(self, request: HttpRequest) -> tuple[Path, dict[str, str]] | None:
        """The file and what was asked of it; None if it is no longer here."""
        asked = request.session.get(self.session_key)
        if not asked:
            return None
        kept = _folder() / asked["kept"]
        return (kept, asked) if kept.is_file() else None

    def forget(self, request: HttpRequest) -> None:
        """Remove the file, if there is one. Safe to repeat."""
        asked = request.session.pop(self.session_key, None)
        if asked:
            (_folder() / asked["kept"]).unlink(missing_ok=True)


def _written(file: UploadedFile) -> Path:
    """Only the last endings are kept of the file's name: they tell what unpacks it."""
    endings = "".join(Path(file.name or "").suffixes[-2:])
    safe = "".join(sign for sign in endings if sign.isascii() and (sign.isalnum() or sign == "."))[:20]
    kept = _folder() / f"{secrets.token_hex(16)}{safe}"
    with kept.open("xb") as written:
        for chunk in file.chunks():
            written.write(chunk)
    return kept


def _folder() -> Path:
    """The private folder of uploads; what is older than a day is removed from it."""
    # Two installations on one machine have a folder each.
    ours = hashlib.sha256(f"{settings.SITE_URL} {settings.BASE_DIR}".encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"epistle-uploads-{ours}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()  # anybody may make a folder, or a link, of this name before us
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ImproperlyConfigured(f"{folder} must be a folder that only this service can open; remove it.")
    oldest = time.time() - KEPT_FOR.total_seconds()
    for old in folder.iterdir():
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < oldest:
                old.unlink()
    return folder
