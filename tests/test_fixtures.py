"""The fixtures that other tests trust: real processes on the test database, a real browser."""

import pytest

from tests.processes import answers


@pytest.mark.processes
def test_what_a_test_writes_is_seen_by_web_worker_and_sandbox_alike(live_service):
    from accounts.models import User

    live_service.start_sandbox()
    live_service.start_web()
    worker = live_service.start_worker("letters")
    assert answers(f"{live_service.site_url}/staff/login/")
    assert answers(live_service.sandbox_url)
    User.objects.create_user("somebody")
    program = "from accounts.models import User; print(User.objects.get().username)"
    seen = live_service.run("-m", "django", "shell", "-v", "0", "-c", program)
    assert seen == "somebody\n"
    worker.kill()
    assert worker.stop() == -9


@pytest.mark.browser
def test_the_browser_shows_a_page_of_this_machine(browser, live_service):
    live_service.start_web()
    with browser.new_context(viewport={"width": 375, "height": 700}) as context:
        page = context.new_page()
        page.goto(f"{live_service.site_url}/staff/login/")
        assert page.locator("input[type=password]").count() == 1
