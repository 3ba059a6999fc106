"""What `deploy/` ships names only what exists, keeps secrets in files, and opens no more than it must (A100, A103)."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from portal import env
from tests.architecture.source import ROOMS, ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "watchbill"}
HARDENED = {
    "nonewprivileges": "yes", "protectsystem": "strict", "protecthome": "yes", "privatetmp": "yes",
    "capabilityboundingset": "", "systemcallfilter": "@system-service", "user": "watchbill", "umask": "0077",
}  # fmt: skip


def settings() -> set[str]:
    """Every setting that the portal reads, with its form as a file."""
    text = (ROOT / "portal/settings.py").read_text()
    names = {f"WATCHBILL_{name}" for name in re.findall(r'env\.[a-z_]+\("([A-Z_]+)"', text)}
    return names | {f"{name}_FILE" for name in names}


def unit(path: Path) -> configparser.ConfigParser:
    """A unit file; of a key that stands twice the last counts here."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read_string(path.read_text())
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_every_unit_runs_a_command_that_exists_and_is_locked_up(path: Path) -> None:
    """A108: no secret among the arguments, a user of its own, nothing writable but the data."""
    service = unit(path)["Service"]
    words = service["ExecStart"].split()
    assert words[:2] == ["/opt/watchbill/.venv/bin/python", "manage.py"]
    assert words[2] in get_commands()
    assert {key: service.get(key) for key in HARDENED} == HARDENED
    assert service["ReadWritePaths"].split()[0] == "/var/lib/watchbill"
    assert "secret" not in service["ExecStart"]
    assert "Requires" not in unit(path)["Unit"], "what failed once at boot must not keep this one down"
    once = service.get("Type") == "oneshot"
    assert once or (service["Restart"], unit(path)["Unit"]["StartLimitIntervalSec"]) == ("always", "0")


def test_a_database_that_comes_late_keeps_nothing_down() -> None:
    """The tables are tried again until they stand; the others start without them and wait on their own."""
    migrate = unit(DEPLOY / "systemd/watchbill-migrate.service")
    assert (migrate["Service"]["Restart"], migrate["Unit"]["StartLimitIntervalSec"]) == ("on-failure", "0")
    assert migrate["Service"]["RestartPreventExitStatus"] == "78"
    for name in ("web@", "worker@", "bulk"):
        said = unit(DEPLOY / f"systemd/watchbill-{name}.service")["Unit"]
        assert {"watchbill-migrate.service", "postgresql.service"} <= set(said["After"].split())
        assert "watchbill-migrate.service" in said["Wants"].split()


def test_units_are_what_systemd_understands(tmp_path: Path) -> None:
    """Whatever it says beside the program that is not installed here is a mistake of ours."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here")
    for path in (DEPLOY / "systemd").iterdir():
        if path.suffix != ".example":
            text = path.read_text().replace("/opt/watchbill/.venv/bin/python", "/bin/true")
            (tmp_path / path.name).write_text(text.replace("WorkingDirectory=/opt/watchbill", "WorkingDirectory=/"))
    names = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run([analyze, "verify", *names], capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in done.stderr.splitlines() if "watchbill" in line]
    assert ours == []


def test_the_target_wants_units_that_exist() -> None:
    wanted = unit(DEPLOY / "systemd/watchbill.target")["Unit"]["Wants"].split()
    files = {path.name for path in (DEPLOY / "systemd").iterdir()}
    assert len(wanted) >= 5
    assert {re.sub(r"@\w+\.", "@.", name) for name in wanted} <= files


def test_every_setting_that_is_shipped_exists() -> None:
    lines = (DEPLOY / "systemd/environment.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line.startswith("WATCHBILL_")}
    for each in OURS.values():
        named |= set(each["environment"])
    assert named <= settings()
    assert not [name for name in named if re.search(r"(KEYS?|_URL)$", name) and name != "WATCHBILL_URL"], "as a file"


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_container_runs_a_command_that_exists_and_is_locked_up(name: str) -> None:
    each = OURS[name]
    assert each["command"][0] in get_commands()
    assert (each["read_only"], each["cap_drop"]) == (True, ["ALL"])
    assert "hostname" not in each, "processes of two containers are told apart by it"
    for secret in each["secrets"]:
        assert secret in COMPOSE["secrets"]
    assert {path.rpartition("/")[2] for key, path in each["environment"].items() if key.endswith("_FILE")} == set(
        each["secrets"]
    )


def test_there_are_several_web_and_worker_processes_and_one_bulk_lane() -> None:
    assert OURS["web"]["deploy"]["replicas"] >= 2
    assert OURS["worker"]["deploy"]["replicas"] >= 2
    assert "deploy" not in OURS["bulk"]


def test_the_database_and_the_cache_are_for_the_portal_alone() -> None:
    """A100: no port is published, nothing leads in or out, and both have a password that no list of processes shows."""
    services = COMPOSE["services"]
    assert {name for name, each in services.items() if "ports" in each} == {"nginx"}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["inside"]
        assert "healthcheck" in services[name]
        assert "password" not in " ".join(services[name].get("command", ())).lower()
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"].startswith("/run/secrets/")


def test_images_are_of_a_named_release() -> None:
    for name, each in COMPOSE["services"].items():
        assert each["image"] == "watchbill" or re.search(r":\d", each["image"]), name


def test_the_image_holds_every_room_and_is_nobody_s_root() -> None:
    text = (DEPLOY / "compose/Containerfile").read_text()
    sources = [word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M) for word in line.split()]
    assert {*ROOMS, "templates", "static"} <= set(sources)
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source in allowed, f"{source} is left out by .dockerignore"
    assert "--require-hashes" in text
    assert re.findall(r"^USER (\S+)$", text, re.M) == ["watchbill"]


def test_secrets_are_made_once_and_the_portal_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A97: long, random, different in two installations, and kept at a second call."""
    found = []
    for place in ("one", "two"):
        folder = tmp_path / place
        folder.mkdir()
        shutil.copy(DEPLOY / "compose/make-secrets.sh", folder)
        for _ in range(2):
            subprocess.run(["sh", str(folder / "make-secrets.sh")], check=True, capture_output=True)
            found.append({path.name: path.read_text().strip() for path in (folder / "secrets").iterdir()})
        assert (folder / "secrets").stat().st_mode & 0o077 == 0
    assert found[0] == found[1]
    assert set(found[0]) == set(COMPOSE["secrets"])
    assert [name for name in found[0] if found[0][name] == found[2][name]] == ["email-url"]
    assert len(found[0]["secret-key"]) >= 50
    assert found[0]["postgres-password"] in found[0]["database-url"]
    assert found[0]["redis-url"].split(":")[2].partition("@")[0] in found[0]["redis-conf"]
    monkeypatch.setenv("WATCHBILL_FIELD_KEYS", found[0]["field-keys"])
    assert env.field_keys("FIELD_KEYS", tmp_path / "none") == [found[0]["field-keys"]]
    monkeypatch.setenv("WATCHBILL_EMAIL_URL", found[0]["email-url"])
    assert env.mail_server("EMAIL_URL") == found[0]["email-url"]


def test_the_proxy_says_who_the_client_is_and_lets_sockets_through() -> None:
    """A37, A103: replaced, not lengthened; the whole is tried with a real nginx in `system/test_proxy.py`."""
    text = (DEPLOY / "nginx/watchbill.conf").read_text()
    for line in (
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header Upgrade $http_upgrade;",
        "server_tokens off;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "return 308 https://",
    ):
        assert line in text
    assert "$proxy_add_x_forwarded_for" not in text


def test_the_proxy_counts_no_connection_before_an_alert_or_an_answer() -> None:
    """An office of live pages behind one address must not make alerts and acknowledgements wait."""
    text = (DEPLOY / "nginx/watchbill.conf").read_text()
    head, *blocks = re.split(r"^    location ", text.partition("listen 443")[2], flags=re.M)
    counted = {block.partition(" {")[0]: re.findall(r"limit_conn (\w+)", block) for block in blocks}
    assert "limit_conn " not in head
    assert counted["~ ^/(v2|integrations|heartbeats)/"] == counted["~ ^/(answer|callbacks)/"] == []
    assert (counted["/ws/"], counted["/"]) == (["watchbill_live"], ["watchbill_open"])
