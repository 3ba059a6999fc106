"""The design's own rules: tokens, contrast of the dark blocks, budgets, assets that come as dependencies."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders

from tests.architecture.source import ROOT

CSS = ROOT / "static/css"
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")


def test_colours_live_in_tokens_only() -> None:
    for path in CSS.glob("*.css"):
        if path.name != "tokens.css":
            found = [match for match in COLOUR.findall(path.read_text()) if match]
            assert not found, f"{path.name}: {found[:3]}"


def test_both_dark_blocks_are_equal() -> None:
    text = (CSS / "tokens.css").read_text()
    system = re.search(r":root:not\(\[data-theme=\"light\"\]\) \{(.*?)\n  \}", text, re.S)
    chosen = re.search(r":root\[data-theme=\"dark\"\] \{(.*?)\n\}", text, re.S)
    assert system
    assert chosen
    assert system[1].split() == chosen[1].split()


def test_budgets() -> None:
    assert sum(path.stat().st_size for path in CSS.glob("*.css")) <= 90_000
    assert sum(path.stat().st_size for path in (ROOT / "static/js").glob("*.js")) <= 40_400


@pytest.mark.parametrize(
    "name",
    [
        "django_htmx/htmx-2.min.js",
        "django_htmx/ext/hx-ws-2.min.js",
        "unfold/fonts/inter/Inter-Regular.woff2",
        "unfold/fonts/inter/Inter-Medium.woff2",
        "unfold/fonts/inter/Inter-SemiBold.woff2",
        "unfold/fonts/inter/Inter-Bold.woff2",
        "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "css/tokens.css",
        "icons.svg",
    ],
)
def test_assets_come_as_dependencies(name: str) -> None:
    assert finders.find(name)


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    symbols = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "static/icons.svg").read_text()))
    for path in (ROOT / "templates").rglob("*.html"):
        for name in re.findall(r'{%\s*icon "([a-z0-9-]+)"', path.read_text()):
            assert name in symbols, f"{path.name}: no icon {name}"


def test_templates_hold_no_inline_script_or_handler() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), path.name
        assert not re.search(r"\son(click|load|submit|change|error)=", text), path.name
        assert "|safe" not in text, path.name
