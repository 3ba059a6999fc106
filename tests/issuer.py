"""Identity providers of the tests: a real one on loopback, and one that lies as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt
import oidc_provider_mock
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server

from core import clock
from core.http import Answer

CLIENT, SECRET = "watchbill", "a-secret-of-the-client"
HOME = "https://login.example.org/realms/main"


@contextmanager
def provider(people: Sequence[oidc_provider_mock.User] = ()) -> Iterator[str]:
    """A real provider on loopback, and its issuer; it takes any client."""
    app = oidc_provider_mock.app(require_nonce=True, user_claims=people)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def agree(address: str, subject: str) -> str:
    """Be asked at the provider's page who one is, and say so; the address to which it sends the browser back."""

    class Stay(HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **kwargs: Any) -> None:
            return None

    form = urlencode({"sub": subject}).encode()
    try:
        answer = build_opener(Stay).open(Request(address, form), timeout=10)
    except OSError as redirect:
        return str(redirect.headers["Location"])  # type: ignore[attr-defined]
    raise AssertionError(answer.read()[:500])


def key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key pair of a provider, made once for each number."""
    if (number, bits) not in _keys:
        _keys[number, bits] = rsa.generate_private_key(65537, bits)
    return _keys[number, bits]


_keys: dict[tuple[int, int], rsa.RSAPrivateKey] = {}


class Liar:
    """A provider behind `core.http.send`: honest until a test changes what it says."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "s-1", "email": "bo@example.org", "email_verified": True, "name": "Bo"}
        self.drop: tuple[str, ...] = ()
        self.algorithm, self.signing, self.header = "RS256", key(), {"kid": "one"}
        self.published = [self.jwk(key())]
        self.about: dict[str, Any] = {"issuer": HOME}
        self.token: str | None = None
        self.status: dict[str, int] = {}
        self.userinfo: dict[str, Any] = {}
        self.nonce = ""
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def jwk(self, of: rsa.RSAPrivateKey, **more: Any) -> dict[str, Any]:
        """The public half, as the provider publishes it."""
        found: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(of.public_key()))
        return {"kid": "one", "use": "sig", **{k: v for k, v in found.items() if k in ("kty", "n", "e")}, **more}

    def signed(self) -> str:
        """The identity token."""
        now = int(clock.now().timestamp())
        usual = {"iss": HOME, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce}
        said = {name: value for name, value in {**usual, **self.claims}.items() if name not in self.drop}
        return jwt.encode(said, self.signing, algorithm=self.algorithm, headers=self.header)

    def send(self, method: str, url: str, **given: Any) -> Answer:
        """In the place of `core.http.send`."""
        self.calls.append((method, url, given))
        path = urlsplit(url).path.rpartition("/")[2]
        bodies: dict[str, Any] = {
            "openid-configuration": {
                "authorization_endpoint": f"{HOME}/auth",
                "token_endpoint": f"{HOME}/token",
                "jwks_uri": f"{HOME}/keys",
                "userinfo_endpoint": f"{HOME}/userinfo",
                **self.about,
            },
            "token": {"access_token": "x"},
            "keys": {"keys": self.published},
            "userinfo": self.userinfo,
        }
        if path == "token":
            bodies["token"]["id_token"] = self.token if self.token is not None else self.signed()
        return Answer(self.status.get(path, 200), {}, json.dumps(bodies[path]).encode(), 0.01)


def asked(address: str) -> dict[str, str]:
    """The parameters with which a browser was sent to the provider."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
