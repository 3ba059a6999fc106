"""Wiring of the room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, teams, tokens, sign-in, actors and permissions."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People"

    def ready(self) -> None:
        """Tell `core` who asks and whom to tell about itself, and the runner what to print at the first start."""
        from accounts import access, config, permissions, sealed, second_factor
        from accounts.finding import people_holding
        from accounts.greeting import set_up_link
        from accounts.kinds import register_audited
        from accounts.queries import administrators
        from accounts.reading import teams_of
        from core import alarms
        from core.config import nouns
        from core.startup import on_start
        from core.web import access as registry
        from core.web import held
        from core.web.finding import Finder, register_finder

        register_audited(teams_of)
        sealed.register()
        registry.fill(
            actor_of=access.actor_of,
            socket_actor=access.socket_actor,
            require=permissions.require_named,
            sees_engine=lambda actor: permissions.can(actor, permissions.HEALTH_SEE),
            held_up=second_factor.leads_to,
            standing=permissions.standing,
        )
        register_finder(Finder("People", people_holding, 30, prefix="@"))
        for noun in (config.OrganisationNoun(), config.PeopleNoun(), config.TeamsNoun()):
            nouns.register(noun)
        on_start(set_up_link)
        held.name_act("invitation_resend", "Send the invitation again")
        alarms.administrators(lambda: administrators().values_list("email", flat=True))
