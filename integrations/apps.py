"""Wiring of the room."""

import pkgutil
from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Foreign formats: integration keys, event adapters, heartbeats, the log of what came in."""

    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Load due kinds, jobs, reactions, every file of `adapters/`; fill the slots of the service's page and Now."""
        for module in ("integrations.permissions", "integrations.due", "integrations.jobs", "integrations.reactions"):
            import_module(module)
        adapters = import_module("integrations.adapters")
        for found in pkgutil.iter_modules(adapters.__path__):
            import_module(f"integrations.adapters.{found.name}")
        from accounts.kinds import register_audited
        from core.config import nouns
        from incidents.kinds import BoardPanel, register_board_panel
        from incidents.queries.standing import may_see_rules
        from integrations import config
        from integrations.queries.audited import audited
        from integrations.queries.keys import may_see_intake
        from integrations.queries.service_page import intake_of
        from integrations.queries.steps import next_step
        from oncall.kinds import ServicePanel, ServiceTab, register_service_panel, register_service_tab

        register_audited(audited)
        for noun in (config.KeysNoun(), config.HeartbeatsNoun(), config.WebhooksNoun(), config.OwnServiceNoun()):
            nouns.register(noun)
        register_board_panel(BoardPanel("integrations/_first_steps_card.html", next_step))
        register_service_panel(ServicePanel("integrations/_service.html", intake_of, 80))
        register_service_tab(ServiceTab("try", "Try a payload", 20, may_see_rules))
        register_service_tab(ServiceTab("intake", "Intake", 30, may_see_intake))
