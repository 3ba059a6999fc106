"""The step between password and session: who has a second factor shows it (A42)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.stages import AuthenticateStage


class SecondStep(AuthenticateStage):  # type: ignore[misc]
    """django-allauth's stage, which ends with the password or deactivation that come between."""

    def handle(self) -> tuple[Any, bool]:
        """Remember which password this half of a sign-in was made with."""
        user = self.login.user
        self.state["epoch"] = user.session_epoch if user is not None else 0
        found: tuple[Any, bool] = super().handle()
        return found

    def is_current(self) -> bool:
        """Whether the person is active still and no password, role or session was changed meanwhile (A28)."""
        user = self.login.user
        return user is not None and user.is_active and self.state.get("epoch") == user.session_epoch
