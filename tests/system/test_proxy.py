"""The nginx of deploy/ before a running portal: TLS, who the client is, sockets, limits (A32, A33, A37, A103)."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.core.certificates import Authority
from tests.system.conftest import Make
from tests.system.probes import tool
from tests.system.scene import PASSWORD, Scene, eventually
from tools.services import free_port

pytestmark = [pytest.mark.long, pytest.mark.system]
CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy/nginx/watchbill.conf"
ADA = "ada@example.org"


@dataclass
class Front:
    """A portal behind nginx; clients come from 127.0.0.2, the proxy is 127.0.0.1."""

    scene: Scene
    url: str
    plain: str
    trusts: ssl.SSLContext

    def client(self, **more: Any) -> httpx.Client:
        """Somebody elsewhere, with a cookie jar; redirects are not followed."""
        carrier = httpx.HTTPTransport(verify=self.trusts, local_address="127.0.0.2")
        return httpx.Client(base_url=self.url, transport=carrier, timeout=20, **more)

    def signed_in(self) -> httpx.Client:
        """Ada, by the form."""
        client = self.client()
        answer = self.enter(client, ADA, PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (302, "/now/"), answer.text[:500]
        return client

    def enter(self, client: httpx.Client, email: str, password: str, **headers: str) -> httpx.Response:
        """Fill in the sign-in form and send it."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/accounts/login/").text)
        assert found
        form = {"csrfmiddlewaretoken": found[1], "login": email, "password": password}
        return client.post("/accounts/login/", data=form, headers={"Origin": self.url, **headers})


def configured(folder: Path, ports: dict[str, int], portal: int, certificate: Path) -> Path:
    """The shipped configuration on ports and a certificate of the test, inside a main one for one user."""
    text = CONFIGURATION.read_text()
    text = text.replace("server 127.0.0.1:8001", f"server 127.0.0.1:{portal}")
    text = re.sub(r".*127\.0\.0\.1:8002.*\n", "", text)
    text = re.sub(r"\s+listen \[::\].*", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{ports['http']};")
    text = text.replace("listen 443", f"listen 127.0.0.1:{ports['https']}")
    text = text.replace("https://watchbill.example.org$", f"https://localhost:{ports['https']}$")
    text = text.replace("server_name watchbill.example.org", "server_name localhost")
    text = re.sub(r"/etc/ssl/watchbill/\w+\.pem", str(certificate), text)
    (folder / "watchbill.conf").write_text(text)
    kept = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{ worker_connections 512; }}\n"
        f"http {{ access_log off; {kept} include {folder}/watchbill.conf; }}\n"
    )
    return main


@pytest.fixture(scope="module")
def front(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The portal as it stands behind a proxy that it trusts."""
    nginx, folder = tool("nginx", "nginx-light"), tmp_path_factory.mktemp("nginx")
    ports = {"http": free_port(), "https": free_port()}
    url = f"https://localhost:{ports['https']}"
    scene = make(URL=url, TRUSTED_PROXIES="127.0.0.1", LOG_FORMAT="json")
    scene.portal.start()
    authority = Authority()
    (folder / "pair.pem").write_bytes(authority.pair("localhost"))
    main = configured(folder, ports, scene.portal.port, folder / "pair.pem")
    checked = subprocess.run([nginx, "-t", "-c", str(main)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([nginx, "-c", str(main)], stderr=subprocess.DEVNULL)
    made = Front(scene, url, f"http://localhost:{ports['http']}", authority.client())
    try:
        eventually(lambda: _answers(made), 10, "nginx")
        yield made
    finally:
        process.terminate()
        process.wait(timeout=10)


def _answers(front: Front) -> bool:
    try:
        return front.client().get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def logged(front: Front, message: str) -> list[dict[str, Any]]:
    """The values of the log's lines with this message."""
    lines = [line for line in front.scene.portal.log.read_text().splitlines() if line.startswith("{")]
    return [said.get("values", {}) for said in map(json.loads, lines) if said["message"] == message]


def test_plain_http_leads_to_tls_once_and_tls_nowhere(front: Front) -> None:
    """A103: one hop, the same path, no loop."""
    answer = httpx.get(f"{front.plain}/accounts/login/?next=/now/", headers={"Host": "localhost"})
    assert (answer.status_code, answer.headers["location"]) == (308, f"{front.url}/accounts/login/?next=/now/")
    page = front.client().get("/accounts/login/")
    assert page.status_code == 200
    assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    assert page.headers["server"] == "nginx"


def test_cookies_are_for_this_host_under_tls_alone(front: Front) -> None:
    """A29, A103."""
    with closing(front.signed_in()) as ada:
        names = {cookie.name: cookie for cookie in ada.cookies.jar}
        assert {"__Host-watchbill", "__Host-csrf"} <= set(names)
        assert all(cookie.secure for cookie in names.values())
        assert ada.get("/now/").status_code == 200


def test_the_client_is_who_connects_and_not_who_he_says(front: Front) -> None:
    """A37, A104: forged hops in every spelling change nothing, through the proxy and past it."""
    forged = {"X-Forwarded-For": "6.6.6.6, 127.0.0.1", "X_Forwarded_For": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    with front.client() as stranger:
        front.enter(stranger, "nobody@example.org", "wrong", **forged)
    seen = eventually(lambda: logged(front, "sign-in failed"), 5, "the line of a failed sign-in")
    assert [line["address"] for line in seen] == ["127.0.0.2"]
    past = httpx.HTTPTransport(local_address="127.0.0.3")
    with httpx.Client(base_url=front.scene.portal.url, transport=past, headers={"Host": "localhost"}) as neighbour:
        answer = neighbour.get("/accounts/login/", headers={**forged, "X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in answer.headers, "a stranger's word makes no TLS"


def test_a_foreign_host_is_nobody_s_link(front: Front) -> None:
    """A32, A33: neither Host nor X-Forwarded-Host ends up in an answer."""
    with front.client() as stranger:
        assert stranger.get("/accounts/login/", headers={"Host": "evil.example"}).status_code == 400
        spoken = stranger.get("/now/", headers={"X-Forwarded-Host": "evil.example", "X-Original-URL": "/admin/"})
        assert spoken.headers["location"].startswith("/accounts/login/")
        assert "evil.example" not in spoken.text + str(spoken.headers)


def test_live_pages_come_through(front: Front) -> None:
    """The upgrade is passed on, the origin is the public one, a foreign one stays outside (A31)."""
    with closing(front.signed_in()) as ada:
        jar = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
    address = f"{front.url.replace('https', 'wss')}/ws/now/"
    more: dict[str, Any] = {"additional_headers": {"Cookie": jar}, "ssl": front.trusts, "open_timeout": 10}
    with connect(address, origin=Origin(front.url), **more) as socket:
        assert socket.response is not None
        assert socket.response.status_code == 101
    with pytest.raises(Exception, match="403"):
        connect(address, origin=Origin("https://evil.example"), **more)


def test_tools_send_alerts_and_too_much_is_refused(front: Front) -> None:
    """A77: what the portal takes comes through, what it would refuse anyway stops at the proxy."""
    with front.client() as sender:
        answer = sender.post("/v2/enqueue", content=front.scene.body("chaos-000001"))
        assert answer.status_code == 202, answer.text
        assert sender.post("/v2/enqueue", content=b"x" * 5_000_000).status_code == 413
        assert sender.get("/metrics").status_code == 403, "figures are for the machine of the proxy"


def test_an_office_of_live_pages_holds_up_no_alert_and_no_answer(front: Front) -> None:
    """What is open on one address, live pages or slow forms, is counted apart from the doors of tools and of pages."""
    port = int(front.url.rpartition(":")[2])
    with ExitStack() as held, front.client() as phone:
        for number in range(210):
            plain = socket.create_connection(("localhost", port), 10, source_address=("127.0.0.2", 0))
            line = held.enter_context(front.trusts.wrap_socket(plain, server_hostname="localhost"))
            path = "/ws/now/" if number % 2 else "/now/"
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{".encode())
        answer = phone.post("/v2/enqueue", content=front.scene.body("chaos-000003"))
        assert answer.status_code == 202, answer.text
        assert phone.get("/answer/nothing/").status_code not in (429, 502, 503)
        assert phone.post("/callbacks/sms_twilio/nothing/").status_code not in (429, 502, 503)


def test_one_address_that_hammers_the_sign_in_is_held_back(front: Front) -> None:
    """A85: by the proxy first; the doors of tools stay open meanwhile."""
    with front.client() as stranger:
        codes = [stranger.get("/accounts/login/").status_code for _ in range(70)]
        assert codes.count(429) >= 20
        assert stranger.post("/v2/enqueue", content=front.scene.body("chaos-000002")).status_code == 202
