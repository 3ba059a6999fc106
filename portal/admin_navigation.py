"""What stands in the sidebar of the administration, for each person that which he or she may see (A68)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

#: Title, then the pages: name, icon, model. What is not registered is left out; what stands nowhere comes last.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Process",
        (
            ("Priorities", "flag", "incidents.priority"),
            ("Event rules", "alt_route", "incidents.eventrule"),
            ("Grouping", "hub", "incidents.groupingrule"),
        ),
    ),
    (
        "On call",
        (
            ("Services", "layers", "oncall.service"),
            ("Escalation policies", "stairs", "oncall.escalationpolicy"),
            ("Schedules", "calendar_month", "oncall.schedule"),
            ("Notification rules", "notifications_active", "oncall.notificationrule"),
            ("Escalations", "trending_up", "oncall.escalation"),
            ("Pages", "campaign", "oncall.page"),
        ),
    ),
    (
        "Signals",
        (
            ("Keys", "key", "integrations.integrationkey"),
            ("Heartbeats", "monitor_heart", "integrations.heartbeat"),
            ("Inbound log", "inbox", "integrations.inboundevent"),
            ("Webhooks", "webhook", "integrations.outboundwebhook"),
            ("Webhook deliveries", "outbound", "integrations.webhookdelivery"),
            ("Delivery log", "outgoing_mail", "notifications.delivery"),
        ),
    ),
    (
        "Incidents",
        (
            ("Incidents", "emergency_home", "incidents.incident"),
            ("Alerts", "warning", "incidents.alert"),
            ("Timeline", "timeline", "incidents.timelineentry"),
            ("Changes", "rocket_launch", "incidents.changeevent"),
            ("Informational events", "info", "incidents.signal"),
        ),
    ),
    (
        "People",
        (
            ("Users", "person", "accounts.user"),
            ("Teams", "group", "accounts.team"),
            ("Memberships", "group_add", "accounts.membership"),
            ("Invitations", "mail", "accounts.invitation"),
            ("Identities", "badge", "accounts.identity"),
            ("Sessions", "devices", "usersessions.usersession"),
            ("API tokens", "vpn_key", "accounts.apitoken"),
        ),
    ),
    (
        "Settings",
        (
            ("Organisation", "apartment", "accounts.organisation"),
            ("Providers", "cell_tower", "notifications.providerconfig"),
        ),
    ),
    (
        "Engine",
        (
            ("Due queue", "schedule", "core.duerow"),
            ("Bulk jobs", "stacks", "core.bulkjob"),
            ("Facts", "fact_check", "core.fact"),
            ("Signs of life and alarms", "favorite", "core.beat"),
        ),
    ),
    ("Audit", (("Audit", "policy", "core.auditentry"),)),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with the pages that the person may open; a group without pages is not shown."""
    first = [_item("Overview", "dashboard", reverse("admin:index")), _item("Back to the portal", "arrow_back", "/now/")]
    named = {label for _, rows in GROUPS for _, _, label in rows}
    rest = tuple(
        (str(page.opts.verbose_name_plural).capitalize(), "chevron_right", page.opts.label_lower)
        for page in admin.site._registry.values()  # noqa: SLF001 (Django's own list of what is registered)
        if page.opts.label_lower not in named
    )
    groups = [(title, _pages(request, rows)) for title, rows in (*GROUPS, ("More", rest))]
    return [
        {"items": first},
        *({"title": title, "separator": True, "items": items} for title, items in groups if items),
    ]


def _pages(request: HttpRequest, rows: tuple[tuple[str, str, str], ...]) -> list[dict[str, Any]]:
    return [_item(name, icon, _address(label)) for name, icon, label in rows if _may_open(request, label)]


def _item(name: str, icon: str, link: str) -> dict[str, Any]:
    return {"title": name, "icon": icon, "link": link}


def _may_open(request: HttpRequest, label: str) -> bool:
    try:
        model = apps.get_model(label)
    except LookupError:
        return False
    page = admin.site._registry.get(model)  # noqa: SLF001
    return page is not None and page.has_module_permission(request) and page.has_view_permission(request)


def _address(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


def account(request: HttpRequest) -> list[dict[str, str]]:
    """The links of the person's own menu."""
    return [{"title": "Back to the portal", "link": "/now/"}, {"title": "Your profile", "link": "/profile/"}]


def theme(request: HttpRequest) -> str | None:
    """The look that the person has chosen in the portal; None follows the device."""
    return str(getattr(request.user, "theme", "")) or None


def mark(request: HttpRequest) -> str:
    """The product's mark."""
    return static("mark.svg")


def styles(request: HttpRequest) -> str:
    """The few shapes of ours that django-unfold has not."""
    return static("admin_look/portal.css")
