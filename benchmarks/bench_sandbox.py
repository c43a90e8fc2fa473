"""How many messages a second the provider sandbox takes in batches, so that it never bounds another measurement.

    python benchmarks/bench_sandbox.py [--keep all|ids] [--batches 60] [--recipients 1000] [--connections 2]

Raw bodies of Mailgun batch calls, made beforehand, are posted over kept connections. Prints one JSON line:
`messages_per_second` (wall clock, poster and sandbox on the same machine), `cpu_us` (user and system time of
the sandbox process, microseconds a message), `limit_us` (the same bodies only parsed, with urllib.parse and
json, in this process), `ratio` (cpu_us / limit_us) and `peak_mb` (its memory). Events are off.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sandbox.process import start

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Authorization": "Basic " + base64.b64encode(b"api:key").decode(),
}
HTML = "<p>Dear %recipient.name%, a paragraph of the newsletter, with a <a href='%recipient.link0%'>link</a>.</p>\n"


def body(batch: int, recipients: int) -> bytes:
    """A batch call as Anymail posts it: a 27 kB newsletter, and 1.1 kB of values a recipient."""
    people = [f"person{batch * recipients + n:07}@example.net" for n in range(recipients)]
    links = {f"link{n}": f"https://go.example.org/c/{n}/" + "Zk3-_9" * 11 for n in range(10)}
    values = {
        person: {"name": "Zoë Example", **links, "v:delivery_id": str(batch * recipients + n)}
        for n, person in enumerate(people)
    }
    form = {
        "from": "Campaign <news@epistle.example>",
        "to": people,
        "subject": "News for %recipient.name%",
        "text": "Dear %recipient.name%, the news.\n" * 100,
        "html": HTML * 270,
        "v:delivery_id": "%recipient.v:delivery_id%",
        "recipient-variables": json.dumps(values),
    }
    return urlencode(form, doseq=True).encode()


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> int:
    """The most memory a process has had resident so far, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def limit_us(bodies: list[bytes], recipients: int) -> float:
    """Microseconds a message to parse the bodies and do nothing else."""
    began = time.process_time()
    for data in bodies:
        form = parse_qs(data.decode())
        json.loads(form["recipient-variables"][0])
    return (time.process_time() - began) / len(bodies) / recipients * 1e6


def post_all(url: str, bodies: list[bytes], times: int) -> None:
    """Post every body `times` times over one connection. Raises AssertionError for another answer than 200."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    for data in bodies * times:
        connection.request("POST", "/v3/epistle.example/messages", data, HEADERS)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keep", choices=["all", "ids"], default="all")
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--recipients", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=2)
    options = parser.parse_args()
    bodies = [body(batch, options.recipients) for batch in range(5)]
    times = max(1, options.batches // len(bodies) // options.connections)
    messages = times * len(bodies) * options.connections * options.recipients
    with tempfile.TemporaryDirectory() as folder, start(Path(folder), keep=options.keep) as running:
        post_all(running.url, bodies[:1], 1)  # warm
        cpu, began = cpu_seconds(running.process.pid), time.perf_counter()
        posters = [
            threading.Thread(target=post_all, args=(running.url, bodies, times))
            for _ in range(options.connections)
        ]
        for poster in posters:
            poster.start()
        for poster in posters:
            poster.join()
        seconds = time.perf_counter() - began
        used = (cpu_seconds(running.process.pid) - cpu) / messages * 1e6
        memory = peak_mb(running.process.pid)
        assert running.client.count() == messages + options.recipients
    limit = limit_us(bodies, options.recipients)
    result = {
        "benchmark": "sandbox",
        "keep": options.keep,
        "messages": messages,
        "bytes_per_message": round(len(bodies[0]) / options.recipients),
        "messages_per_second": round(messages / seconds),
        "cpu_us": round(used, 1),
        "limit_us": round(limit, 1),
        "ratio": round(used / limit, 2),
        "peak_mb": memory,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
