"""A wrong environment ends the start with one sentence and a non-zero exit code, never a traceback (F49, A100)."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.harness import free_port, manage

pytestmark = [pytest.mark.system, pytest.mark.faults]


def one_sentence(text: str) -> bool:
    """Whether it is a single line of ours that ends like a sentence."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) == 1 and lines[0].startswith("watchbill: ") and lines[0].endswith(".")


OIDC = {"OIDC_CLIENT_ID": "watchbill", "OIDC_CLIENT_SECRET": "x" * 20}


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"PORT": "eighty"}, "WATCHBILL_PORT"),
        ({"PORT": "70000"}, "WATCHBILL_PORT"),
        ({"WORKERS": "0"}, "WATCHBILL_WORKERS"),
        ({"DEBUG": "perhaps"}, "WATCHBILL_DEBUG"),
        ({"DEBUG": "on", "BIND": "0.0.0.0"}, "WATCHBILL_DEBUG"),
        ({"LOG_FORMAT": "xml"}, "WATCHBILL_LOG_FORMAT"),
        ({"URL": "watchbill.example.org"}, "WATCHBILL_URL"),
        ({"URL": "https://watchbill.example.org:99999"}, "WATCHBILL_URL"),
        ({"URL": "https://[watchbill"}, "WATCHBILL_URL"),
        ({"EMAIL_URL": "http://mail"}, "WATCHBILL_EMAIL_URL"),
        ({"OIDC_ISSUER": "https://login.example.org"}, "WATCHBILL_OIDC_CLIENT_ID and WATCHBILL_OIDC_CLIENT_SECRET"),
        ({"OIDC_CLIENT_SECRET": "x", "OIDC_CLIENT_ID": "y"}, "WATCHBILL_OIDC_ISSUER must be set"),
        ({**OIDC, "OIDC_ISSUER": "http://login.example.org"}, "WATCHBILL_OIDC_ISSUER"),
        ({**OIDC, "OIDC_ISSUER": "https://login.example.org/?a=b"}, "WATCHBILL_OIDC_ISSUER"),
        ({"EMAIL_URL": "smtp://127.0.0.1:99999"}, "WATCHBILL_EMAIL_URL"),
        ({"EMAIL_URL": "smtp://"}, "WATCHBILL_EMAIL_URL"),
        ({"EMAIL_URL": "smtp://[::1"}, "WATCHBILL_EMAIL_URL"),
        ({"EMAIL_FROM": "foo"}, "WATCHBILL_EMAIL_FROM"),
        ({"EMAIL_FROM": "a@example.org, b@example.org"}, "WATCHBILL_EMAIL_FROM"),
        ({"EMAIL_FROM": "a@example.org\nBcc: b@example.org"}, "WATCHBILL_EMAIL_FROM"),
        ({"DATABASE_URL": "mysql://a@b/c"}, "WATCHBILL_DATABASE_URL"),
        ({"DATABASE_URL": "no address"}, "WATCHBILL_DATABASE_URL"),
        ({"DATABASE_URL": "postgres://nobody:secret@127.0.0.1:1/none"}, "WATCHBILL_DATABASE_URL"),
        ({"SECRET_KEY": "changeme"}, "WATCHBILL_SECRET_KEY"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "WATCHBILL_SECRET_KEY_FILE"),
        ({"DATA_DIR": "/dev/null/var"}, "WATCHBILL_DATA_DIR"),
        ({"BIND": "192.0.2.1"}, "WATCHBILL_BIND"),
        ({"BIND": "no.such.host.invalid"}, "WATCHBILL_BIND"),
        ({"TRUSTED_PROXIES": "my-proxy"}, "WATCHBILL_TRUSTED_PROXIES"),
        ({"REDIS_URL": "redis://cache.example.org/0"}, "WATCHBILL_REDIS_URL"),
        ({"OUTBOUND_ALLOW": "10.0.0.0/99"}, "WATCHBILL_OUTBOUND_ALLOW"),
        ({"FIELD_KEYS": ","}, "WATCHBILL_FIELD_KEYS"),
        ({"FIELD_KEYS": "x"}, "WATCHBILL_FIELD_KEYS"),
        ({"FIELD_KEYS": "a-field-key-of-the-tests-0123456789,"}, "WATCHBILL_FIELD_KEYS"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence_f49(tmp_path: Path, settings: dict[str, str], names: str) -> None:
    words = {"DATA_DIR": str(tmp_path / "var"), "PORT": str(free_port()), **settings}
    done = manage(Path(words.pop("DATA_DIR")), "up", port=0, **words)
    assert done.returncode == 78
    assert one_sentence(done.stderr), done.stderr
    assert names in done.stderr
    assert "secret" not in done.stderr


def test_a_taken_port_is_said_f49(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("up", "web"):
            done = manage(tmp_path / "var", command, port=port)
            assert done.returncode == 78
            assert one_sentence(done.stderr), done.stderr
            assert f"Port {port}" in done.stderr


def broken(path: Path) -> None:
    path.write_bytes(b"this is no database " * 400)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("spoil", [broken, folder])
def test_a_database_that_cannot_be_used_is_said_and_never_replaced_f49(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = tmp_path / "var" / "watchbill.sqlite3"
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    done = manage(path.parent, "up", port=free_port())
    assert done.returncode == 78
    assert one_sentence(done.stderr), done.stderr
    assert "restore a backup" in done.stderr
    assert (path.read_bytes() if path.is_file() else b"") == before
