"""Wiring of the room."""

from django.apps import AppConfig


class OncallConfig(AppConfig):
    """People, turns and pages."""

    name = "oncall"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the purposes of pages and of notices about them, and the auditor's checks."""
        from core import health
        from notifications.kinds import register_purpose
        from oncall.commands.notices import NOTICE_PURPOSE
        from oncall.commands.purpose import PAGE_PURPOSE
        from oncall.queries.coverage import unreachable_policies
        from oncall.queries.escalations import unattended, unreached

        register_purpose(PAGE_PURPOSE)
        register_purpose(NOTICE_PURPOSE)
        health.check("escalations")(unattended)
        health.check("pages")(unreached)
        health.check("policies", of_settings=True)(unreachable_policies)
