"""Where the guarded door to the network leads, and where never (A69, A71, A72, A76)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from pytest_django.fixtures import Settings

from core import dial, http
from core.errors import Unreachable
from tests.core import hostile
from tests.core.servers import Scripted, answering, names, ok, serving, unreached


@pytest.fixture
def home(settings: Settings) -> None:
    """The loopback may be reached: the fake servers live there."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def canary() -> Iterator[Scripted]:
    """A server inside that nobody may ever reach."""
    with unreached() as server:
        yield server


def with_port(url: str, port: int) -> str:
    scheme, rest = url.split("://", 1)
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}:{port}/{path}"


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", hostile.INWARD)
def test_an_inward_address_is_refused_when_saved_and_when_used(url: str, canary: Scripted) -> None:
    """A69: 400 at save and refused at connect, in every spelling; nothing reaches the canary."""
    for attempt in (url, with_port(url, canary.port)):
        with pytest.raises(http.Refused) as refusal:
            http.check_url(attempt)
        assert refusal.value.status == 400
        assert refusal.value.code == "address_not_allowed"
        with pytest.raises(http.Refused):
            http.send("GET", attempt, timeout=1)


@pytest.mark.parametrize("url", hostile.TRICKS)
def test_what_two_parsers_read_differently_is_refused(url: str) -> None:
    """A72: userinfo, backslash, fragment, control characters, foreign schemes, odd ports."""
    with pytest.raises(http.Refused):
        http.check_url(url)
    with pytest.raises(http.Refused):
        http.send("GET", url, timeout=1)


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org", "http://example.org/", "HTTPS://Example.ORG:8443/a/b?c=d&e=%20", "https://8.8.8.8/"),
        *(
            "https://example.org./",
            "https://[2606:4700::1111]/",
            "https://[::ffff:8.8.8.8]/",
            "https://a_b.example.org/?x",
        ),
        *("https://xn--exmple-cua.org/", "https://example.org?x=1", "https://hooks.example.org/a/@b/c;d=1,2/~e"),
    ],
)
def test_a_public_address_passes(url: str) -> None:
    http.check_url(url)


def test_the_save_time_check_can_ask_the_name_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """A69: a public name that leads inside is refused at save; an unknown one may come up later."""
    names(monkeypatch, inside_example_org=["10.0.0.7"], outside_example_org=["8.8.8.8"])
    http.check_url("https://inside.example.org/")
    with pytest.raises(http.Refused):
        http.check_url("https://inside.example.org/", lookup=True)
    http.check_url("https://outside.example.org/", lookup=True)
    http.check_url("https://unknown.example.org/", lookup=True)


def test_a_name_service_that_hangs_holds_no_form_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A69: whoever saves an address waits 2 s at most; `send` asks again before anything leaves."""
    hung = threading.Event()
    monkeypatch.setattr(http, "LOOKUP", 0.2)
    monkeypatch.setattr(dial, "resolve", lambda host, port: [str(hung.wait(10))])
    started = time.monotonic()
    try:
        http.check_url("https://slow.example.org/", lookup=True)
    finally:
        hung.set()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "inner",
    [
        *("127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.9.9", "0.0.0.0", "::1", "fe80::1%lo", "::ffff:127.0.0.1"),
        *(
            "64:ff9b::7f00:1",
            "fd00:ec2::254",
            "2002:7f00:1::1",
            "2001::1",
            "224.0.0.1",
            "198.18.0.1",
            "100.100.100.200",
        ),
    ],
)
def test_a_name_that_leads_inside_is_refused_at_connect(
    inner: str, canary: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A71: A, AAAA and translated records alike."""
    names(monkeypatch, hook_example_org=[inner])
    with pytest.raises(http.Refused):
        http.send("POST", f"http://hook.example.org:{canary.port}/", timeout=2)


def test_one_private_record_among_public_ones_refuses_all(canary: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """A71: two A records."""
    names(monkeypatch, hook_example_org=["8.8.8.8", "127.0.0.1"])
    with pytest.raises(http.Refused):
        http.send("GET", f"http://hook.example.org:{canary.port}/", timeout=2)


def test_a_name_is_asked_once_and_the_checked_address_is_used(
    canary: Scripted, home: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A71: a rebinding name service cannot change the answer between check and use."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    monkeypatch.setattr(dial, "resolve", rebinding)
    with serving(answering(ok())) as server:
        assert http.send("GET", f"http://rebind.example.org:{server.port}/").status == 200
    assert asked == ["rebind.example.org"]
    with pytest.raises(http.Refused):
        http.send("GET", f"http://rebind.example.org:{canary.port}/", timeout=2)


def test_the_connection_goes_to_the_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A71: the socket gets the address, never the name."""
    names(monkeypatch, hook_example_org=["8.8.8.8", "2606:4700::1111"])
    called: list[tuple[str, int]] = []

    def connecting(place: tuple[str, int], timeout: float) -> socket.socket:
        called.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connecting)
    with pytest.raises(Unreachable):
        http.send("GET", "https://hook.example.org/")
    assert called == [("8.8.8.8", 443), ("2606:4700::1111", 443)]


# --- the allow list -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "open_", "shut"),
    [
        ("10.1.2.3", "http://10.1.2.3/", "http://10.1.2.4/"),
        ("10.1.2.0/24", "http://10.1.2.200/", "http://10.1.3.1/"),
        ("jira.internal", "http://jira.internal/", "http://wiki.internal/"),
        ("Jira", "http://jira./", "http://wiki/"),
        ("fd12::7", "http://[fd12::7]/", "http://[fd12::8]/"),
        ("[fd12::7]", "http://[fd12:0:0::7]/", "http://10.0.0.1/"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", "http://[::1]/"),
    ],
)
def test_an_entry_opens_exactly_what_it_names(entry: str, open_: str, shut: str, settings: Settings) -> None:
    """A76: a host, an address or a network; not its neighbours, not names below it."""
    settings.OUTBOUND_ALLOW = [entry]
    http.check_url(open_)
    with pytest.raises(http.Refused):
        http.check_url(shut)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://169.254.169.254/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "http://metadata.google.internal/",
        ),
        *("http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://0.0.0.0/", "http://[::]/"),
        *("http://168.63.129.16/", "http://[fe80::1]/", "http://224.0.0.1/", "http://metadata/"),
    ],
)
def test_metadata_stays_shut_whatever_is_allowed(url: str, settings: Settings) -> None:
    """A76: never, not even by an entry of their own."""
    host = urlsplit(url).hostname or ""
    settings.OUTBOUND_ALLOW = ["0.0.0.0/0", "::/0", host, host.strip("[]")]
    with pytest.raises(http.Refused):
        http.check_url(url)


def test_an_allowed_name_does_not_reach_metadata(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A76: nor does a name of the list that leads there."""
    settings.OUTBOUND_ALLOW = ["jira.internal"]
    names(monkeypatch, jira_internal=["169.254.169.254"])
    with pytest.raises(http.Refused):
        http.send("GET", "http://jira.internal/", timeout=2)


def test_a_name_of_the_list_does_not_open_its_address_to_others(
    settings: Settings, canary: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A76: an entry for one host does not widen to all."""
    settings.OUTBOUND_ALLOW = ["jira.internal"]
    names(monkeypatch, evil_example_org=["127.0.0.1"])
    with pytest.raises(http.Refused):
        http.send("GET", f"http://evil.example.org:{canary.port}/", timeout=2)
