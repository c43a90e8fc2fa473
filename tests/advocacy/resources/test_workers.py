"""A pack is made by a real worker; one that is killed over it leaves it to the next."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from advocacy.models import ResourcePack
from advocacy.resources import packs
from tests.factories import make_campaign, make_resource, make_resource_file

pytestmark = pytest.mark.django_db(transaction=True)
State = ResourcePack.State


def test_the_pack_of_a_worker_that_was_killed_is_taken_up_and_made_by_the_next(live_service):
    campaign = make_campaign()
    file = make_resource_file(make_resource(campaign), b"the last words of the leaflet")
    path = Path(default_storage.path(file.file.name))
    path.unlink()
    os.mkfifo(path)  # whoever opens it to read waits for a writer that never comes
    first = live_service.start_worker("imports", IMPORT_LEASE_SECONDS="1")
    packs.want(campaign)
    pack = campaign.packs.get()

    def is_begun() -> bool:
        pack.refresh_from_db()
        return pack.state == State.BUILDING and bool(pack.tried)

    first.wait_until(is_begun)
    first.kill()
    path.unlink()
    path.write_bytes(b"the last words of the leaflet")

    second = live_service.start_worker("imports", IMPORT_LEASE_SECONDS="1")

    def is_made() -> bool:
        packs.sweep()  # as beat has it done
        pack.refresh_from_db()
        return pack.state == State.READY

    second.wait_until(is_made)
    with pack.file.open("rb") as stored, zipfile.ZipFile(stored) as archive:
        assert archive.read(archive.namelist()[1]) == b"the last words of the leaflet"
    assert (pack.claim, pack.lease_until, pack.attempts) == (None, None, 0)
    _folders, names = default_storage.listdir("packs")
    assert [name for name in names if name.startswith(campaign.slug)] == [Path(pack.file.name).name]
