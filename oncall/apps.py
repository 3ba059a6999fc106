"""Wiring of the room."""

from django.apps import AppConfig


class OncallConfig(AppConfig):
    """People, turns and pages."""

    name = "oncall"
    verbose_name = "On call"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the purposes of pages and of notices about them, and the auditor's checks."""
        from accounts.kinds import (
            Panel,
            TeamColumn,
            register_audited,
            register_panel,
            register_resting,
            register_team_column,
        )
        from core import away, health
        from core.config import nouns
        from core.web.finding import Finder, register_finder
        from notifications.kinds import register_purpose
        from oncall import config
        from oncall.commands import catching_up
        from oncall.commands.notices import NOTICE_PURPOSE
        from oncall.commands.purpose import PAGE_PURPOSE
        from oncall.queries.audited import audited
        from oncall.queries.coverage import unreachable_policies
        from oncall.queries.escalations import unattended, unreached
        from oncall.queries.finding import services_holding
        from oncall.queries.resting import resting
        from oncall.queries.teams import duties_of, held_by, on_call_for, reach_of, turns_of, wellbeing

        register_audited(audited)
        register_resting(resting)
        for noun in (config.SchedulesNoun(), config.PoliciesNoun(), config.ServicesNoun()):
            nouns.register(noun)
        register_finder(Finder("Services", services_holding, 20))
        register_panel(Panel("profile", "oncall/people/_reach.html", reach_of))
        register_panel(Panel("person", "oncall/people/_turns.html", turns_of))
        register_panel(Panel("team", "oncall/teams/_services.html", held_by))
        register_panel(Panel("team-side", "oncall/teams/_duties.html", duties_of))
        register_team_column(TeamColumn("Services", "oncall/teams/_health.html", wellbeing, 10))
        register_team_column(TeamColumn("On call now", "oncall/teams/_now.html", on_call_for, 20))
        register_purpose(PAGE_PURPOSE)
        register_purpose(NOTICE_PURPOSE)
        away.on_return("escalations", away.Review(catching_up.waiting, catching_up.catch_up))
        health.check("escalations")(unattended)
        health.check("pages")(unreached)
        health.check("policies", of_settings=True)(unreachable_policies)
