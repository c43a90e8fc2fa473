"""The compiler process: what it may do to us, and what it may not."""

from __future__ import annotations

import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from mailer.writing import parent
from mailer.writing.parent import CompileError

HELLO = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"
)


def children() -> set[int]:
    """The compilers that this process started and that are alive."""
    listed = [path.read_text().split() for path in Path("/proc/self/task").glob("*/children")]
    found = {int(one) for part in listed for one in part}
    return {one for one in found if b"mailer.writing.child" in Path(f"/proc/{one}/cmdline").read_bytes()}


def test_mjml_becomes_html_that_asks_no_third_party_for_a_font():
    html = parent.compiled(HELLO.format("Hi"))
    assert "Hi" in html
    assert "fonts.googleapis" not in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_one_child_is_kept_for_all_previews():
    parent.compiled(HELLO.format("one"))
    first = children()
    parent.compiled(HELLO.format("two"))
    assert children() == first
    assert len(first) == 1


def test_what_kills_native_code_is_refused_before_it_is_asked():
    with pytest.raises(CompileError) as refused:
        parent.compiled(HELLO.format("<div>" * 20_000 + "</div>" * 20_000)[:190_000])
    assert refused.value.word == "too_deep"
    with pytest.raises(CompileError) as refused:
        parent.compiled(HELLO.format("x" * 200_001))
    assert refused.value.word == "too_long"


def test_a_child_that_crashes_is_an_error_and_the_next_preview_works(monkeypatch):
    """The depth is counted before; if something else made the compiler crash, it would look like this."""
    monkeypatch.setattr(parent, "MOST_DEPTH", 10**9)
    monkeypatch.setattr(parent, "MOST_BYTES", 10**9)
    before = children()
    with pytest.raises(CompileError) as crashed:
        parent.compiled(HELLO.format("<div>" * 20_000 + "</div>" * 20_000))
    assert crashed.value.word == "crashed"
    assert not before & children()
    assert "Hi" in parent.compiled(HELLO.format("Hi"))


def test_a_child_that_hangs_is_given_up(monkeypatch):
    parent.compiled(HELLO.format("Hi"))
    (child,) = children()
    monkeypatch.setattr(parent, "PATIENCE", 0.3)
    os.kill(child, signal.SIGSTOP)
    with pytest.raises(CompileError) as given_up:
        parent.compiled(HELLO.format("Hi"))
    assert given_up.value.word == "too_slow"
    monkeypatch.undo()
    assert "Hi" in parent.compiled(HELLO.format("Hi"))
    assert child not in children()


def test_the_child_holds_itself_to_its_memory_and_knows_no_secret():
    parent.compiled(HELLO.format("Hi"))
    (child,) = children()
    assert resource.prlimit(child, resource.RLIMIT_AS)[1] == 512 << 20
    assert resource.prlimit(child, resource.RLIMIT_CORE) == (0, 0)
    environment = Path(f"/proc/{child}/environ").read_bytes()
    known = {line.partition(b"=")[0] for line in environment.split(b"\0") if line}
    assert known == {b"PYTHONUTF8", b"MALLOC_ARENA_MAX"}


def test_broken_mjml_is_an_error_in_words():
    with pytest.raises(CompileError) as refused:
        parent.compiled("<mjml><mj-body><mj-section></mj-body></mjml>")
    assert refused.value.word == "invalid"
    assert refused.value.detail


def test_an_include_reads_no_file():
    with pytest.raises(CompileError):
        parent.compiled('<mjml><mj-body><mj-include path="/etc/passwd"/></mj-body></mjml>')


def test_threads_share_the_child_and_get_their_own_answers():
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        for _again in range(10):
            found[number] = parent.compiled(HELLO.format(f"number {number}."))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"number {number}." in found[number] for number in range(6))
    assert len(children()) == 1


def test_a_forked_process_starts_a_child_of_its_own():
    parent.compiled(HELLO.format("Hi"))
    mine = children()
    forked = os.fork()
    if forked == 0:
        try:
            os._exit(0 if "Hi" in parent.compiled(HELLO.format("Hi")) and not children() & mine else 1)
        finally:
            os._exit(2)
    assert os.waitpid(forked, 0)[1] == 0
    assert "Hi" in parent.compiled(HELLO.format("Hi"))
    assert children() == mine
