"""The guarded door to the network: requests, redirects, answers and TLS (A70, A71, A73-A75, F32)."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
import zlib
from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from core import dial, http
from core.errors import Unreachable
from tests.core.certificates import Authority
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


# --- requests -------------------------------------------------------------------------------------


def test_a_request_and_its_answer(home: None) -> None:
    with serving(answering(ok(b'{"id": 7}', "X-Thing: a", "Content-Type: application/json"))) as server:
        answer = http.send(
            "POST", f"http://127.0.0.1:{server.port}/hook?a=b", json={"ü": 1}, headers={"Authorization": "Bearer t"}
        )
    assert (answer.status, answer.json(), answer.headers["x-thing"], answer.cut) == (200, {"id": 7}, "a", False)
    assert answer.told() == "2xx, under 1 s"
    head = server.heard[0].lower()
    assert head.startswith(b"post /hook?a=b http/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}".encode() in head
    for line in (b"authorization: bearer t", b"content-type: application/json", b"connection: close"):
        assert line in head
    assert json.loads(server.heard[0].split(b"\r\n\r\n", 1)[1]) == {"ü": 1}


def test_a_form_is_encoded(home: None) -> None:
    with serving(answering(ok())) as server:
        http.send("POST", f"http://127.0.0.1:{server.port}/", form={"To": "+49 1", "Body": "ü&="})
    assert server.heard[0].endswith(b"To=%2B49+1&Body=%C3%BC%26%3D")


@pytest.mark.parametrize(
    "headers",
    [
        *({"X-A": "a\r\nHost: b"}, {"X-A": "a\nb"}, {"X-A": "a\rb"}, {"X-A\r\nB": "c"}, {"X A": "b"}, {"X-A:": "b"}),
        *({"": "b"}, {"X-A": "a\0b"}, {"X-A": "ü€"}, {"X-A": "x" * 9000}, {"Host": "internal"}, {"host": "internal"}),
        *(
            {"Connection": "x"},
            {"Transfer-Encoding": "chunked"},
            {"Content-Length": "5"},
            {"Upgrade": "h2c"},
            {"TE": "x"},
        ),
        *({"Proxy-Authorization": "x"}, {"Keep-Alive": "x"}, {"Expect": "100-continue"}, {"Trailer": "x"}),
    ],
)
def test_a_header_cannot_make_another_request(headers: dict[str, str], canary: Scripted, home: None) -> None:
    """A73: no CR or LF, no hop-by-hop header, no Host of one's own."""
    with pytest.raises(http.Refused) as refusal:
        http.send("GET", f"http://127.0.0.1:{canary.port}/", headers=headers)
    assert refusal.value.code == "bad_request"


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: y\r\n", "CONNECT", "TRACE", "get", "", "FOO", "GET\n"])
def test_only_six_methods_exist(method: str, canary: Scripted, home: None) -> None:
    """A73: the method is one of a list."""
    with pytest.raises(http.Refused):
        http.send(method, f"http://127.0.0.1:{canary.port}/")


def test_a_drill_sends_nothing(canary: Scripted, home: None) -> None:
    """The drill guard: checked like a real request, and nothing leaves."""
    with pytest.raises(http.Refused) as refusal:
        http.send("POST", f"http://127.0.0.1:{canary.port}/", drill=True)
    assert refusal.value.code == "drill"


def test_no_proxy_of_the_environment_is_used(home: None, canary: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    with serving(answering(ok())) as server:
        assert http.send("GET", f"http://127.0.0.1:{server.port}/").status == 200


# --- redirects ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("hops", [0, 3])
@pytest.mark.parametrize(
    "target",
    [
        *("http://169.254.169.254/", "http://[::1]:{port}/", "http://localhost:{port}/", "file:///etc/passwd"),
        *(
            "gopher://127.0.0.1:{port}/",
            "//127.0.0.1:{port}/",
            "http://u@127.0.0.1:{port}/",
            "http://127.0.0.2:{port}/",
        ),
        *("\\\\127.0.0.1:{port}\\", "http://example.org/", "https://127.0.0.1:{port}/", ""),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(
    status: int, hops: int, target: str, canary: Scripted, home: None
) -> None:
    """A70: not followed by default, and with the option only on the same host."""
    location = target.format(port=canary.port)
    answer = f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(answering(answer)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert http.send("POST", url, content=b"x", same_host_redirects=hops, timeout=3).status == status
        assert server.hits == 1


@pytest.mark.parametrize(
    ("status", "method", "follow"),
    [(301, "GET", 0), (302, "GET", 0), (303, "GET", 0), (307, "POST", 1), (308, "POST", 1)],
)
def test_a_redirect_on_the_same_host_can_be_followed(status: int, method: str, follow: int, home: None) -> None:
    """A70: only when the caller says so, each hop a new checked connection."""

    def script(sock: socket.socket, server: Scripted) -> None:
        head = server.read_request(sock)
        if b" /new " in head:
            sock.sendall(ok(b"there"))
        else:
            sock.sendall(f"HTTP/1.1 {status} Go\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n".encode())

    with serving(script) as server:
        url = f"http://127.0.0.1:{server.port}/old"
        assert http.send("POST", url, content=b"x").status == status
        assert http.send("POST", url, content=b"x", same_host_redirects=1).body == b"there"
    assert server.heard[-1].startswith(f"{method} /new ".encode())
    assert server.heard[-1].endswith(b"x") is bool(follow)


def test_a_redirect_loop_ends(home: None) -> None:
    """A70: chained redirects end at the caller's number."""
    with serving(answering(b"HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")) as server:
        assert http.send("GET", f"http://127.0.0.1:{server.port}/", same_host_redirects=3).status == 302
        assert server.hits == 4


def test_each_hop_is_checked_anew(canary: Scripted, home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A70, A71: the same name with another address at the second hop."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    monkeypatch.setattr(dial, "resolve", lambda host, port: next(answers))
    with serving(answering(b"HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")) as server:
        with pytest.raises(http.Refused):
            http.send("GET", f"http://rebind.example.org:{server.port}/", same_host_redirects=1)
        assert server.hits == 1


# --- slow, huge and broken answers ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b""),
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"z"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_slow_answer_ends_at_the_deadline(head: bytes, drop: bytes, home: None) -> None:
    """A74, F32: hang, slow head and trickle end by the wall clock, not by the single read."""

    def script(sock: socket.socket, server: Scripted) -> None:
        server.read_request(sock)
        sock.sendall(head)
        while not server.over.is_set():
            if drop:
                sock.sendall(drop)
            server.wait(0.1)

    with serving(script) as server:
        before = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            http.send("GET", f"http://127.0.0.1:{server.port}/", timeout=0.8)
        assert failure.value.code == "timeout"
        assert time.monotonic() - before < 1.6


def test_a_reader_that_does_not_read_ends_at_the_deadline(home: None) -> None:
    """A74: a body that nobody takes."""
    with serving(lambda sock, server: server.wait(5)) as server, pytest.raises(Unreachable) as failure:
        http.send("POST", f"http://127.0.0.1:{server.port}/", content=b"x" * 30_000_000, timeout=0.8)
    assert failure.value.code == "timeout"


def test_a_name_service_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A71, G12: the lookup has the same deadline."""

    def hang(host: str, port: int) -> list[str]:
        time.sleep(2)
        return []

    monkeypatch.setattr(dial, "resolve", hang)
    before = time.monotonic()
    with pytest.raises(Unreachable) as failure:
        http.send("GET", "http://slow.example.org/", timeout=0.5)
    assert failure.value.code == "timeout"
    assert time.monotonic() - before < 1.2


def test_an_unknown_name_and_a_closed_port_have_their_codes(home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, gone_example_org=["127.0.0.1"])
    with pytest.raises(Unreachable) as failure:
        http.send("GET", "http://unknown.example.org/")
    assert failure.value.code == "dns"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable) as failure:
        http.send("GET", f"http://gone.example.org:{port}/", timeout=2)
    assert failure.value.code == "refused"


def test_errors_tell_the_time_bucket_and_nothing_else(home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A75: the sentence for people is the same for a closed port, rubbish and an unknown name."""
    names(monkeypatch)
    told: set[str] = set()
    with serving(answering(b"\x00rubbish\r\n\r\n")) as server:
        for url in (f"http://127.0.0.1:{server.port}/", "http://127.0.0.1:1/", "http://unknown.example.org/"):
            monkeypatch.setattr(dial, "resolve", lambda host, port: ["127.0.0.1"] if host == "127.0.0.1" else [])
            with pytest.raises(Unreachable) as failure:
                http.send("GET", url)
            told.add(failure.value.detail)
    assert told == {"The other side did not answer as it should (under 1 s)."}


@pytest.mark.parametrize("framing", [b"", b"Content-Length: 99999999999\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_endless_body_is_cut_at_the_cap(framing: bytes, home: None) -> None:
    """A74, F32: 64 KB, and the status is still known."""

    def script(sock: socket.socket, server: Scripted) -> None:
        server.read_request(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
        part = b"x" * 16384
        while not server.over.is_set():
            sock.sendall(b"4000\r\n" + part + b"\r\n" if b"chunked" in framing else part)

    with serving(script) as server:
        answer = http.send("GET", f"http://127.0.0.1:{server.port}/")
    assert (answer.status, len(answer.body), answer.cut) == (200, 65536, True)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "GZIP"])
def test_a_compressed_bomb_is_cut_at_the_cap(encoding: str, home: None) -> None:
    """A74: 64 KB after decompression, whatever it would have become."""
    bomb = b"\0" * 50_000_000
    packed = zlib.compress(bomb) if encoding == "deflate" else gzip.compress(bomb)
    with serving(answering(ok(packed, f"Content-Encoding: {encoding}"))) as server:
        started = time.process_time()
        answer = http.send("GET", f"http://127.0.0.1:{server.port}/")
        assert time.process_time() - started < 1
    assert (len(answer.body), answer.cut) == (65536, True)


def test_a_compressed_answer_is_read(home: None) -> None:
    with serving(answering(ok(gzip.compress(b"hello"), "Content-Encoding: gzip"))) as server:
        assert http.send("GET", f"http://127.0.0.1:{server.port}/").body == b"hello"


def test_too_many_headers_are_too_big(home: None) -> None:
    """A74: a hundred headers, a hundred KB of head."""
    many = ok(b"", *(f"X-{number}: y" for number in range(200)))
    huge = ok(b"", *(f"X-{number}: {'y' * 900}" for number in range(300)))
    for answer in (many, huge):
        with serving(answering(answer)) as server, pytest.raises(Unreachable) as failure:
            http.send("GET", f"http://127.0.0.1:{server.port}/")
        assert failure.value.code == "too_big"


@pytest.mark.parametrize(
    "answer",
    [
        *(
            b"",
            b"rubbish\r\n\r\n",
            b"HTTP/1.1 999999 x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nA b\r\n\r\n",
            b"HTTP/1.1 101 S\r\n\r\n",
        ),
        *(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/2 200\r\n\r\n"),
        ok(b"not gzip", "Content-Encoding: gzip"),
    ],
)
def test_a_broken_answer_is_broken(answer: bytes, home: None) -> None:
    """F32: reset, rubbish, wrong lengths."""
    with serving(answering(answer)) as server, pytest.raises(Unreachable) as failure:
        http.send("GET", f"http://127.0.0.1:{server.port}/", timeout=3)
    assert failure.value.code == "broken"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000])
def test_wrong_json_is_broken(body: bytes, home: None) -> None:
    """F32: wrong JSON from a carrier is its failure, not ours."""
    with serving(answering(ok(body))) as server:
        answer = http.send("GET", f"http://127.0.0.1:{server.port}/")
    with pytest.raises(Unreachable):
        answer.json()


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def test_the_certificate_is_checked_against_the_name(
    authority: Authority, home: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A71: the connection goes to the address, the certificate has to fit the name."""
    names(monkeypatch, good_example_org=["127.0.0.1"], other_example_org=["127.0.0.1"])
    serve = authority.server("good.example.org")

    def script(sock: socket.socket, server: Scripted) -> None:
        with serve.wrap_socket(sock, server_side=True) as wrapped:
            server.read_request(wrapped)
            wrapped.sendall(ok(b"sealed"))

    with serving(script) as server:
        with pytest.raises(Unreachable) as failure:
            http.send("GET", f"https://good.example.org:{server.port}/", timeout=3)
        assert failure.value.code == "tls", "an unknown authority is not trusted"
        monkeypatch.setattr(http, "tls", authority.client)
        assert http.send("GET", f"https://good.example.org:{server.port}/", timeout=3).body == b"sealed"
        for url in (f"https://other.example.org:{server.port}/", f"https://127.0.0.1:{server.port}/"):
            with pytest.raises(Unreachable) as failure:
                http.send("GET", url, timeout=3)
            assert failure.value.code == "tls"


def test_a_handshake_that_trickles_ends_at_the_deadline(home: None) -> None:
    """A74: TLS has the same deadline."""

    def script(sock: socket.socket, server: Scripted) -> None:
        sock.sendall(b"\x16\x03\x03\x3f\xff")
        while not server.over.is_set():
            sock.sendall(b"\x02")
            server.wait(0.1)

    with serving(script) as server:
        before = time.monotonic()
        with pytest.raises(Unreachable) as failure:
            http.send("GET", f"https://127.0.0.1:{server.port}/", timeout=0.8)
        assert failure.value.code == "timeout"
        assert time.monotonic() - before < 1.6


def test_the_context_checks_names_and_certificates() -> None:
    assert dial.tls().check_hostname
    assert dial.tls().verify_mode == ssl.CERT_REQUIRED
