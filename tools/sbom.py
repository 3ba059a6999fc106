"""The bill of materials as CycloneDX 1.5 JSON on standard output: what the lock file pins, with its hashes (A101)."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, object]]:
    """Each pinned package of a lock file: name, version, package URL and the hashes that an installer may accept."""
    found: list[dict[str, object]] = []
    hashes: list[dict[str, str]] = []
    for line in lock.splitlines():
        pin = PIN.match(line)
        if pin:
            name, version = pin["name"].lower(), pin["version"]
            hashes = []
            purl = f"pkg:pypi/{name}@{version}"
            found.append(
                {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "hashes": hashes}
            )
        hashes += [{"alg": "SHA-256", "content": content} for content in HASH.findall(line)]
    return found


def bill() -> dict[str, object]:
    """The whole document; the same lock gives the same bytes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": components((ROOT / "requirements/run.lock").read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=1))
