"""From a request or a socket to an actor, and the real address of a client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings

from accounts import actors
from accounts.access import actor_of, socket_actor
from accounts.commands import tokens, users
from accounts.models import User
from core.web import access
from core.web.address import client_address, network_of
from tests.world import World, acts, token

Browser = Callable[..., Client]


def scope_of(client: Client) -> dict[str, Any]:
    return {"type": "websocket", "headers": [(b"cookie", f"watchbill={client.cookies['watchbill'].value}".encode())]}


def test_the_registry_is_filled() -> None:
    assert access.unfilled() == []


def test_nobody_is_anonymous() -> None:
    assert actor_of(RequestFactory().get("/")) is actors.ANONYMOUS


def test_a_socket_has_the_actor_of_its_session(world: World, browser: Browser) -> None:
    found = socket_actor(scope_of(browser(world.bo)))
    assert found is not None
    assert (found.kind, found.user) == ("user", world.bo)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"cookie", b"")],
        [(b"cookie", b"watchbill=unknown")],
        [(b"cookie", b"watchbill")],
        [(b"cookie", b"\xff\xfe=;;;")],
        [(b"authorization", b"Bearer nonsense")],
        [(b"authorization", b"Bearer \xff")],
    ],
)
def test_a_socket_without_a_session_has_none(db: None, headers: list[tuple[bytes, bytes]]) -> None:
    """A31."""
    assert socket_actor({"type": "websocket", "headers": headers}) is None


def test_a_socket_loses_its_actor_when_the_session_ends(world: World, browser: Browser) -> None:
    """A28: asking again tells; the socket closes with 4401."""
    ends: list[Callable[[Client], Any]] = [
        lambda client: client.post("/accounts/logout/"),
        lambda client: users.change_role(acts(world.ada), world.bo, role="process_owner"),
        lambda client: users.deactivate(acts(world.ada), world.bo),
    ]
    for end in ends:
        client = browser(User.objects.get(pk=world.bo.pk))
        scope = scope_of(client)
        assert socket_actor(scope) is not None
        end(client)
        assert socket_actor(scope) is None


def test_a_socket_may_carry_a_token_while_it_stands(world: World) -> None:
    made, raw = tokens.issue(acts(world.bo), world.bo, "watcher", ["read"])
    scope = {"type": "websocket", "headers": [(b"authorization", f"Bearer {raw}".encode())]}
    found = socket_actor(scope)
    assert found is not None
    assert (found.kind, found.scopes) == ("token", frozenset({"read"}))
    tokens.revoke(acts(world.bo), made)
    assert socket_actor(scope) is None


def test_a_token_in_a_cookie_opens_nothing(world: World) -> None:
    """A44."""
    raw = token(world.bo)
    assert socket_actor({"headers": [(b"cookie", f"watchbill={raw}; token={raw}".encode())]}) is None


PROXIES = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", "1.1.1.1", "203.0.113.5"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.5, 192.0.2.1, 10.9.9.9", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, nonsense, 10.2.2.2", "10.2.2.2"),
        ("10.0.0.1", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("2001:db8::1", "2001:4860::8888", "2001:4860::8888"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("", "203.0.113.5", "unknown"),
        ("not an address", "203.0.113.5", "unknown"),
    ],
)
def test_the_rightmost_foreign_hop_is_the_client(peer: str, forwarded: str, expected: str) -> None:
    """A37."""
    with override_settings(TRUSTED_PROXIES=PROXIES):
        assert client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}) == expected


def test_without_proxies_nothing_is_believed() -> None:
    meta = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.5", "HTTP_FORWARDED": "for=1.1.1.1"}
    assert client_address(meta) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_a_throttle_counts_a_whole_network_of_ipv6(address: str, expected: str) -> None:
    """A37."""
    assert network_of(address) == expected
