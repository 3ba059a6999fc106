"""The administration in the product's colours; every value is one of static/css/tokens.css.

Plain values: the settings load this, so nothing here may import a room. Functions are named by their path.
"""

from __future__ import annotations

from typing import Any

#: Light surfaces at the low end, dark ones at the high end, ink between them.
BASE = {
    "50": "#F8F8F6",
    "100": "#F1F1ED",
    "200": "#E5E5E0",
    "300": "#CDCEC8",
    "400": "#929CA7",
    "500": "#63686F",
    "600": "#464B52",
    "700": "#3A424B",
    "800": "#252B32",
    "900": "#14181C",
    "950": "#0C0F12",
}
#: Filled controls are 600 in both looks; words and marks are 600 on light, 500 on dark.
PRIMARY = {
    "50": "#E6F0F2",
    "100": "#E6F0F2",
    "200": "#D9ECF1",
    "300": "#7CCBDE",
    "400": "#7CCBDE",
    "500": "#6BC1D6",
    "600": "#0F5468",
    "700": "#0A3F4F",
    "800": "#1A687F",
    "900": "#142A31",
    "950": "#142A31",
}
FONT = {
    "subtle-light": "#63686F",
    "subtle-dark": "#929CA7",
    "default-light": "#464B52",
    "default-dark": "#B7BFC8",
    "important-light": "#15181C",
    "important-dark": "#E9ECEF",
}


def look(static_url: str) -> dict[str, Any]:
    """The settings of django-unfold; `static_url` is where the static files are."""
    return {
        "SITE_TITLE": "Watchbill",
        "SITE_HEADER": "Watchbill",
        "SITE_SUBHEADER": "Administration",
        "SITE_URL": "/now/",
        "SITE_ICON": "portal.admin_navigation.mark",
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"{static_url}mark.svg"}],
        "SHOW_BACK_BUTTON": True,
        "THEME": "portal.admin_navigation.theme",
        "BORDER_RADIUS": "6px",
        "COLORS": {"base": BASE, "primary": PRIMARY, "font": FONT},
        "STYLES": ["portal.admin_navigation.styles"],
        "SIDEBAR": {"show_search": True, "navigation": "portal.admin_navigation.navigation"},
        "ACCOUNT": {"navigation": "portal.admin_navigation.account"},
        "DASHBOARD_CALLBACK": "portal.admin_dashboard.fill",
    }
