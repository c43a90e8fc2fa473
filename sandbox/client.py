"""A client of the sandbox's own side, for tests, benchmarks and rigs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import requests

Message = dict[str, Any]
PATIENCE = 60.0  # seconds to wait for what a worker does, which may be long on a busy machine


class SandboxClient:
    """Asks one running sandbox. A refusal raises requests.HTTPError with the sandbox's words."""

    def __init__(self, base_url: str, timeout: float = 30) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()

    def accepted(self, recipient: str = "", message_id: str = "") -> list[Message]:
        """Every accepted log entry, oldest first, of one recipient or message if asked."""
        entries: list[Message] = []
        since = 0
        while True:
            page = self._get(
                "/log", since=since, **_given(recipient=recipient, message_id=message_id), limit=1000
            )
            entries += page["entries"]
            since = page["next"]
            if not page["more"]:
                return entries

    def count(self) -> int:
        """How many recipients were accepted."""
        return int(self._get("/log/count")["count"])

    def messages(self, recipient: str = "", limit: int = 50) -> list[Message]:
        """Whole messages, newest first: subject, to, headers, text, html, links, attachments."""
        found: list[Message] = self._get("/messages", **_given(recipient=recipient), limit=limit)["messages"]
        return found

    def source(self, entry: Message) -> bytes:
        """The whole mail of a log entry as its recipient got it (RFC 5322)."""
        path = f"/messages/{entry['position']}/source"
        response = self._session.get(self.base_url + path, timeout=self._timeout)
        response.raise_for_status()
        return response.content

    def wait_for(self, recipient: str, timeout: float = PATIENCE, subject: str = "") -> Message:
        """The newest message to a recipient (whose subject holds `subject`), once there is one.

        Raises TimeoutError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            for message in self.messages(recipient, limit=20):
                if subject in message.get("subject", ""):
                    return message
            if time.monotonic() > deadline:
                raise TimeoutError(f"no message to this recipient within {timeout:g} s: {recipient}")
            time.sleep(0.05)

    def switch(self, name: str, **options: Any) -> list[Message]:
        """Turn on a switch (recipient, times, seconds, status, …); returns what is on."""
        return self._switches({"name": name, **options})

    def switch_off(self, name: str | None = None, recipient: str | None = None) -> list[Message]:
        """Turn off switches by name and recipient pattern; returns what is still on."""
        return self._switches({"on": False, "name": name, "recipient": recipient})

    def switches(self) -> list[Message]:
        """The switches that are on."""
        found: list[Message] = self._get("/switches")["switches"]
        return found

    def held(self) -> int:
        """How many calls are held at the moment."""
        return int(self._get("/switches")["held"])

    def wait_held(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Return once at least `count` calls are held. Raises TimeoutError."""
        self._wait(lambda: self.held() >= count, timeout, f"{count} held calls")

    def release(self) -> int:
        """Let every held call go on; returns how many."""
        return int(self._post("/release", {})["released"])

    def reset(self) -> None:
        """Begin afresh: switches off, held calls closed, waiting events dropped, log emptied."""
        self._post("/reset", {})

    def post_events(
        self,
        *,
        recipient: str = "",
        message_id: str = "",
        events: Sequence[str] = (),
        times: int = 1,
        shuffle: bool = False,
        bad_signature: bool = False,
    ) -> int:
        """Have events posted now; without names, those that would come by themselves.

        Returns how many messages that concerns; does not wait for the posts (see `wait_posted`).
        """
        wanted = {
            **_given(recipient=recipient, message_id=message_id),
            "events": list(events),
            "times": times,
            "shuffle": shuffle,
            "bad_signature": bad_signature,
        }
        return int(self._post("/events", wanted)["messages"])

    def events(self, recipient: str = "") -> Message:
        """What was posted to the webhook and how it answered (`posts`), and the counts."""
        return self._get("/events", **_given(recipient=recipient))

    def wait_posted(self, count: int = 1, recipient: str = "", timeout: float = PATIENCE) -> list[Message]:
        """The posts, once there are at least `count`. Raises TimeoutError."""
        self._wait(lambda: len(self.events(recipient)["posts"]) >= count, timeout, f"{count} posted events")
        posts: list[Message] = self.events(recipient)["posts"]
        return posts

    def wait_quiet(self, timeout: float = PATIENCE) -> None:
        """Return once no event is waiting to be posted. Raises TimeoutError."""
        self._wait(lambda: self.events()["pending"] == 0, timeout, "an empty queue of events")

    def _wait(self, done: Any, timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {what} within {timeout:g} s")
            time.sleep(0.02)

    def _switches(self, wanted: Message) -> list[Message]:
        found: list[Message] = self._post("/switches", wanted)["switches"]
        return found

    def _get(self, path: str, **query: Any) -> Message:
        return _answer(self._session.get(self.base_url + path, params=query, timeout=self._timeout))

    def _post(self, path: str, data: Message) -> Message:
        return _answer(self._session.post(self.base_url + path, json=data, timeout=self._timeout))


def _given(**fields: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if value}


def _answer(response: requests.Response) -> Message:
    if not response.ok:
        raise requests.HTTPError(
            f"{response.status_code} from the sandbox: {response.text[:300]}", response=response
        )
    data: Message = response.json()
    return data
