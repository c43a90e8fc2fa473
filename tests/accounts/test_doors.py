"""The pages in front of the desk can be used by everybody, in both directions, wide and narrow."""

from __future__ import annotations

import pytest

from accounts import seals
from tests.looking import Watcher
from tests.staff import make_invitation, make_staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_in_front_of_the_desk_can_be_used_by_everybody(browser, live_web, language):
    invitation = make_invitation(make_staff("superuser"), "Moderators")
    token = seals.make("accounts.invitations", invitation.pk, invitation.nonce)
    doors = {
        "/staff/login/": 200,
        "/staff/forgotten/": 200,
        f"/staff/welcome/{token}/": 200,
        "/staff/welcome/1-no/": 404,
    }
    watcher = Watcher(browser, live_web.site_url, language, "desk")
    wrong = []
    for path, status in doors.items():
        watcher.resize("desk")
        answer = watcher.go(path)
        facts = watcher.facts()
        assert (answer.status, facts["lang"]) == (status, language), path
        found = [*watcher.axe(), *facts["breaches"], *watcher.foreign()]
        watcher.resize("phone")
        if watcher.facts()["wide"] > 0:
            found.append("wider than a phone")
        wrong += [f"{path}: {fault}" for fault in found]
    watcher.close()
    assert not wrong, "\n".join(wrong)
