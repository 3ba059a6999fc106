"""The name of a device as people say it, from what its browser says of itself."""

from __future__ import annotations

import re

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
            ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("CrOS", "ChromeOS"), ("Mac OS X", "Mac"), ("Linux", "Linux"))  # fmt: skip


def device_name(agent: str) -> str:
    """What to call a browser, from what it says of itself: "Chrome on Android"; a guess."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if re.search(rf"\b{mark}\b", agent)), "")
    return f"{browser or 'Browser'} on {system}" if system else browser or "Browser"
