"""Videos as a page may show them: nothing of their host is asked for before a visitor starts one.

A host we know is shown in a frame of its own on the page, without cookies where it offers that; a file of our own site
is played by the browser itself; any other address is a link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

_YOUTUBE = re.compile(r"[A-Za-z0-9_-]{6,20}", re.ASCII)
_VIMEO = re.compile(r"[0-9]{5,12}", re.ASCII)
_VIMEO_HASH = re.compile(r"[0-9a-f]{6,20}", re.ASCII)
_FILES = (".mp4", ".webm")


@dataclass(frozen=True, slots=True)
class Video:
    """`embed` is what a frame or a player is given once somebody asks for it; "" where only the link is left."""

    url: str
    embed: str = ""
    is_file: bool = False

    @property
    def host(self) -> str:
        """The site it is on, for people to read."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")

    @property
    def frame_source(self) -> str:
        """What the page's policy must allow in a frame, such as "https://player.vimeo.com"; "" where nothing."""
        if not self.embed or self.is_file:
            return ""
        found = urlsplit(self.embed)
        return f"{found.scheme}://{found.netloc}"


def video(url: str) -> Video | None:
    """The video at an address; None for an empty one."""
    if not url:
        return None
    found = urlsplit(url)
    host, path = (found.hostname or "").removeprefix("www.").removeprefix("m."), found.path
    if host in {"youtube.com", "youtube-nocookie.com", "youtu.be"}:
        return Video(url, _youtube(host, path, found.query))
    if host in {"vimeo.com", "player.vimeo.com"}:
        return Video(url, _vimeo(path, found.query))
    # A path that begins with two slashes, or what browsers take for them, would name another host.
    is_ours = url.startswith(f"{settings.SITE_URL}/") and not path.startswith(("//", "/\\"))
    if is_ours and path.lower().endswith(_FILES):
        return Video(url, path, is_file=True)
    return Video(url)


def _youtube(host: str, path: str, query: str) -> str:
    parts = [part for part in path.split("/") if part]
    if host == "youtu.be":
        key = parts[0] if parts else ""
    elif parts and parts[0] in {"embed", "shorts", "live", "v"}:
        key = parts[1] if len(parts) > 1 else ""
    else:
        key = parse_qs(query).get("v", [""])[0]
    return f"https://www.youtube-nocookie.com/embed/{key}?autoplay=1&rel=0" if _YOUTUBE.fullmatch(key) else ""


def _vimeo(path: str, query: str) -> str:
    parts = [part for part in path.split("/") if part and part != "video"]
    if not parts or not _VIMEO.fullmatch(parts[0]):
        return ""
    # A video that is not listed is opened by a second part of its address.
    unlisted = parts[1] if len(parts) > 1 else parse_qs(query).get("h", [""])[0]
    also = f"&h={unlisted}" if _VIMEO_HASH.fullmatch(unlisted) else ""
    return f"https://player.vimeo.com/video/{parts[0]}?autoplay=1&dnt=1{also}"
