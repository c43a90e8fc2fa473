"""The bytes of a file between PostgreSQL and its reader."""

from __future__ import annotations

import tempfile

import pytest

from contacts.imports import uploading
from tests.contacts.imports.hands import receive

pytestmark = pytest.mark.django_db


def test_the_file_of_an_import_has_a_name_in_no_folder(tmp_path, monkeypatch):
    """A worker that is killed while it reads would leave one behind, with everybody's addresses."""
    text = "email\na@example.org\n"
    run = receive(text)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with uploading.spooled(run) as path:
        assert path.read_text() == text
        assert list(tmp_path.iterdir()) == []
    assert not path.exists()
