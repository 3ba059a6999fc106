"""Throw-away PostgreSQL and Redis from local binaries on free ports.

`python -m tools.services -- command …` runs a command with both and stops them afterwards.
"""

from __future__ import annotations

import contextlib
import getpass
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_bin() -> Path | None:
    """The folder of the newest PostgreSQL server's binaries, or None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if found:
        return Path(found[-1]).parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _wait(port: int, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{what} did not answer on port {port}")


class Postgres:
    """One cluster in a temporary folder; `stop`, `start` and `restart` serve the fault tests (F21, F22)."""

    def __init__(self, folder: Path, *, max_connections: int = 100) -> None:
        found = postgres_bin()
        if found is None:
            raise RuntimeError("PostgreSQL's server is not installed (Debian: postgresql)")
        self.bin = found
        self.folder = folder / "postgres"
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        self.max_connections = max_connections
        self.folder.mkdir()
        if os.geteuid() == 0:
            account = pwd.getpwnam(self.user)
            folder.chmod(0o755)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", str(self.folder), "-U", "watchbill", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "watchbill", "watchbill")

    @property
    def url(self) -> str:
        """The address for WATCHBILL_DATABASE_URL."""
        return f"postgres://watchbill@127.0.0.1:{self.port}/watchbill"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", self.user, "--", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def _control(self, *arguments: str) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
            f"-c max_connections={self.max_connections}"
        )
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"), "-o", options, *arguments)

    def start(self) -> None:
        """Start and wait until it answers."""
        self._control("start")
        _wait(self.port, 20, "PostgreSQL")

    def stop(self, mode: str = "fast") -> None:
        """Stop; `mode` is smart, fast or immediate."""
        self._control("stop", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        """Stop hard and start again."""
        self._control("restart", "-m", mode)


class Redis:
    """One server without persistence."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("Redis is not installed (Debian: redis-server)")
        self.port = free_port()
        self.process = subprocess.Popen(
            [
                program,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(folder),
            ],
            stdout=subprocess.DEVNULL,
        )
        _wait(self.port, 10, "Redis")

    @property
    def url(self) -> str:
        """The address for WATCHBILL_REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        self.process.wait(10)

    def kill(self) -> None:
        """kill -9 (F25)."""
        self.process.kill()
        self.process.wait(10)

    def flush(self) -> None:
        """Empty it (F25)."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as client:
            client.sendall(b"FLUSHALL\r\n")
            if client.recv(64) != b"+OK\r\n":
                raise RuntimeError("Redis did not take FLUSHALL")


@contextlib.contextmanager
def services() -> Iterator[tuple[Postgres, Redis]]:
    """Both servers, gone at the end together with their folder."""
    folder = Path(tempfile.mkdtemp(prefix="watchbill-services-"))
    postgres: Postgres | None = None
    redis: Redis | None = None
    try:
        postgres = Postgres(folder)
        redis = Redis(folder)
        yield postgres, redis
    finally:
        if redis is not None:
            redis.stop()
        if postgres is not None:
            with contextlib.suppress(subprocess.CalledProcessError):
                postgres.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run a command with both servers in its environment and return its exit code."""
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    with services() as (postgres, redis):
        environment: Mapping[str, str] = {
            **os.environ,
            "WATCHBILL_DATABASE_URL": postgres.url,
            "WATCHBILL_REDIS_URL": redis.url,
        }
        child = subprocess.Popen(arguments, env=environment)
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            return child.wait(30)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
