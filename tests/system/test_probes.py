"""Strangers' tools are let loose on a running portal: sqlmap, wapiti and ffuf find nothing (A13, A16, A23, A30)."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from django.urls import Resolver404, resolve

from tests.browser.shop import opened
from tests.browser.shop import stocked as stocked
from tests.system.probes import Target, guesses, lists, pages, run, signed_in, tool

pytestmark = [pytest.mark.long, pytest.mark.system]
REFUSED = (400, 403, 404, 405, 414)
MODULES = "backup,cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,methods,permanentxss,redirect,sql,xss"
# Debian's wapiti 3.0.4 leaves nothing out on Python 3.11, whose `re` takes its patterns no more, and does not know
# the name of Django's token, so it would call every form unprotected; told the name, it tries forms with a wrong one.
TAUGHT = """
import fnmatch, re
import wapitiCore.attack.mod_csrf as csrf, wapitiCore.main.wapiti as main, wapitiCore.net.crawler as crawler
crawler.wildcard_translate = lambda pattern: re.compile(fnmatch.translate(pattern))
csrf.mod_csrf.TOKEN_FORM_STRINGS = [*csrf.mod_csrf.TOKEN_FORM_STRINGS, "csrfmiddlewaretoken"]
main.wapiti_main()
"""
WAPITI = ("/usr/bin/python3", "-c", TAUGHT)
# What wapiti says of every portal on plain HTTP (under TLS both are there: system/test_proxy.py), and a header that
# browsers have dropped: the content policy took its place.
EXPECTED = {"Secure Flag cookie", "Strict-Transport-Security is not set", "X-XSS-Protection is not set"}


@pytest.fixture(scope="module")
def target(stocked: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A demo of its own: what the tools send is let in and stored."""
    with opened(stocked, tmp_path_factory.mktemp("probed")) as shop:
        yield signed_in(shop)
        log = shop.portal.log.read_text(errors="replace")
    broken = re.findall(r"^.*(?:Traceback|api\.broken|Internal Server Error).*$", log, re.MULTILINE)
    assert not broken, broken[:5]


# --- sqlmap ---------------------------------------------------------------------------------------
def injected(target: Target, folder: Path, paths: list[str], *carried: str) -> tuple[str, list[str]]:
    """Try every parameter of these addresses; what sqlmap said, and what it could inject into."""
    (folder / "targets").write_text("\n".join(f"{target.url}{path}" for path in paths) + "\n")
    words = ("--batch", "--flush-session", "--disable-coloring", "--threads=4", "--timeout=20", "--technique=BEU")
    found = folder / "found.csv"
    said = run(
        tool("sqlmap", "sqlmap"), "-m", str(folder / "targets"), *words, *carried, "--dbms=sqlite",
        f"--output-dir={folder / 'out'}", f"--results-file={found}", seconds=900, folder=folder,
    )  # fmt: skip
    rows = list(csv.DictReader(found.open())) if found.exists() else []
    return said, [f"{row['Target URL']} {row['Parameter']}" for row in rows if row["Parameter"]]


@pytest.mark.parametrize("door", ["api", "pages"])
def test_sqlmap_finds_no_parameter_to_inject_into(door: str, target: Target, tmp_path: Path) -> None:
    """A13: every filter, search, order and cursor that a list takes, with a value that it answers."""
    cookie = "; ".join(f"{name}={value}" for name, value in target.cookie.items())
    head = {"Authorization": f"Bearer {target.token}"} if door == "api" else {"Cookie": cookie}
    paths = list(lists(target)) if door == "api" else pages(target)
    for path in paths:
        answer = httpx.get(f"{target.url}{path}", headers=head, timeout=60)
        assert answer.status_code == 200, (path, answer.text[:300])
    carried = f"--headers=Authorization: Bearer {target.token}" if door == "api" else f"--cookie={cookie}"
    said, found = injected(target, tmp_path, paths, carried)
    assert found == []
    assert said.count("do not appear to be injectable") == len(paths), said[-3000:]
    tried = len(re.findall(r"parameter '[^']+' does not seem to be injectable", said))
    assert tried >= (30 if door == "api" else 10), tried
    assert "500 (Internal Server Error)" not in said
    assert "429 (Too Many Requests)" not in said


# --- ffuf -----------------------------------------------------------------------------------------
def _is_ours(path: str) -> bool:
    try:
        return getattr(resolve(unquote(path)).func, "__name__", "") != "unknown_path"
    except Resolver404:
        return False


def _is_well(status: int, path: str, to: str) -> bool:
    """Refused, or a route of ours, or the way to one of the same name with the slash that Django adds."""
    plain = urlsplit(path).path
    if status == 301 and not _is_ours(plain):
        return _is_ours(f"{plain}/") and unquote(to) == f"{unquote(plain)}/"
    return status in REFUSED or (status < 500 and _is_ours(plain))


@pytest.mark.parametrize("who", ["anonymous", "administrator"])
def test_ffuf_finds_nothing_beyond_the_inventory(who: str, target: Target, tmp_path: Path) -> None:
    """A16, A32, A57, A96: what is no route is 404 or refused, in every folder; no guess breaks anything."""
    words = guesses(target)
    (tmp_path / "words").write_text("\n".join(words) + "\n")
    cookie = "; ".join(f"{name}={value}" for name, value in target.cookie.items()) if who != "anonymous" else "a=b"
    said = run(
        tool("ffuf", "ffuf"), "-u", f"{target.url}/FUZZ", "-w", str(tmp_path / "words"), "-mc", "all", "-s",
        "-t", "6", "-H", f"Cookie: {cookie}", "-o", str(tmp_path / "found.json"), "-of", "json",
        seconds=900, folder=tmp_path,
    )  # fmt: skip
    results: list[dict[str, Any]] = json.loads((tmp_path / "found.json").read_text())["results"]
    assert len(results) >= len(words) * 0.99, said[-2000:]
    answers = [(int(each["status"]), f"/{each['input']['FUZZ']}", each["redirectlocation"]) for each in results]
    wrong = [f"{status} {path} {to}" for status, path, to in answers if not _is_well(status, path, to)]
    assert wrong == [], Counter(line.split()[0] for line in wrong)


# --- wapiti ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["anonymous", "administrator"])
def test_wapiti_finds_no_weakness(who: str, target: Target, tmp_path: Path) -> None:
    """A1, A13, A16, A23, A27, A29, A30: it crawls, fills in every form it finds, and reports nothing."""
    tool("wapiti", "wapiti")
    jar = {name: {"value": value, "expires": None, "secure": False, "port": None, "version": 0}
           for name, value in target.cookie.items()}  # fmt: skip
    (tmp_path / "cookies").write_text(json.dumps({"127.0.0.1": {"/": jar if who != "anonymous" else {}}}))
    starts = [word for path in pages(target) for word in ("-s", f"{target.url}{path}")]
    limits = ("-d", "3", "--max-links-per-page", "25", "--max-files-per-dir", "4", "--max-parameters", "12")
    times = ("--max-scan-time", "90", "--max-attack-time", "15", "-t", "20")
    said = run(
        *WAPITI, "-u", f"{target.url}/", *starts, "-x", f"{target.url}/accounts/logout/",
        "-x", f"{target.url}/admin/logout/", "-c", str(tmp_path / "cookies"), "-m", MODULES, "--scope", "domain",
        *limits, *times, "--flush-session", "--no-bugreport", "-v", "1", "--endpoint", "http://127.0.0.1:9/",
        "-f", "json", "-o", str(tmp_path / "report.json"), seconds=900, folder=tmp_path,
    )  # fmt: skip
    assert (tmp_path / "report.json").exists(), said[-3000:]
    report = json.loads((tmp_path / "report.json").read_text())
    found = [
        f"{kind}: {each['method']} {each['path']} {each['parameter']} {each['info']}"
        for group in ("vulnerabilities", "anomalies")
        for kind, rows in report[group].items()
        for each in rows
        if kind not in EXPECTED and each["info"] not in EXPECTED
    ]
    assert found == []
    # What it adds for information is the methods that an address allows; nothing else is expected.
    assert {kind for kind, rows in report["additionals"].items() if rows} <= {"HTTP Methods"}
    visited = len(set(re.findall(r"^\[\+\] (?:GET|POST) \S+", said, re.MULTILINE)))
    assert visited >= (3 if who == "anonymous" else 20), said[:3000]
