"""Which videos play on a page, and what the page's policy must allow for them."""

import pytest
from django.test import override_settings

from advocacy.videos import video


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=FSLAe3jrCSg",
        "https://www.youtube.com/watch?feature=youtu.be&v=FSLAe3jrCSg",
        "https://m.youtube.com/watch?v=FSLAe3jrCSg",
        "https://youtu.be/FSLAe3jrCSg?t=10",
        "https://www.youtube.com/shorts/FSLAe3jrCSg",
        "https://www.youtube-nocookie.com/embed/FSLAe3jrCSg",
    ],
)
def test_a_video_of_youtube_plays_without_its_cookies_however_its_address_was_copied(url):
    found = video(url)
    assert found is not None
    assert found.embed == "https://www.youtube-nocookie.com/embed/FSLAe3jrCSg?autoplay=1&rel=0"
    assert found.frame_source == "https://www.youtube-nocookie.com"


@pytest.mark.parametrize(
    ("url", "also"),
    [
        ("https://vimeo.com/123456789", ""),
        ("https://player.vimeo.com/video/123456789", ""),
        ("https://vimeo.com/123456789/0a1b2c3d4e", "&h=0a1b2c3d4e"),
    ],
)
def test_a_video_of_vimeo_plays_without_being_followed(url, also):
    found = video(url)
    assert found is not None
    assert found.embed == f"https://player.vimeo.com/video/123456789?autoplay=1&dnt=1{also}"
    assert found.frame_source == "https://player.vimeo.com"


@override_settings(SITE_URL="https://act.example")
def test_a_file_of_our_own_site_is_played_by_the_browser_and_asks_for_no_frame():
    found = video("https://act.example/files/film.MP4")
    assert found is not None
    assert (found.embed, found.is_file, found.frame_source) == ("/files/film.MP4", True, "")
    for rest in (".evil.test/film.mp4", "//evil.test/film.mp4", "/\\evil.test/film.mp4"):
        elsewhere = video(f"https://act.example{rest}")
        assert elsewhere is not None
        assert elsewhere.embed == ""


@pytest.mark.parametrize(
    "url",
    [
        "https://www.facebook.com/Example/videos/10154062630138785/",
        "https://www.youtube.com/watch?v=../../x",
        "https://www.youtube.com/@example",
        'https://youtu.be/"onload="alert(1)',
        "https://vimeo.com/channels/staff",
        "https://youtube.com.evil.test/watch?v=FSLAe3jrCSg",
    ],
)
def test_what_is_no_video_we_know_is_a_link_and_opens_no_frame(url):
    found = video(url)
    assert found is not None
    assert (found.url, found.embed, found.frame_source) == (url, "", "")


def test_no_address_is_no_video():
    assert video("") is None
