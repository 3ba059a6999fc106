"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from accounts.api import audit, invitations, organisation, security, teams, tokens, users

app_name = "accounts"
urlpatterns: list[URLPattern | URLResolver] = [
    path("me/", users.Me.as_view(), name="me"),
    path("me/password/", users.MyPassword.as_view(), name="me_password"),
    path("me/factors/", security.Factors.as_view(), name="me_factors"),
    path("me/sessions/", security.Sessions.as_view(), name="me_sessions"),
    path("me/sessions/end-others/", security.OtherSessions.as_view(), name="me_sessions_end_others"),
    path("me/sessions/<int:pk>/", security.Session.as_view(), name="me_session"),
    path("users/", users.People.as_view(), name="users"),
    path("users/<int:pk>/", users.Person.as_view(), name="user"),
    path("users/<int:pk>/role/", users.PersonRole.as_view(), name="user_role"),
    path("users/<int:pk>/deactivate/", users.DeactivatePerson.as_view(), name="user_deactivate"),
    path("users/<int:pk>/reset-factors/", security.ResetFactors.as_view(), name="user_reset_factors"),
    path("users/<int:pk>/reactivate/", users.ReactivatePerson.as_view(), name="user_reactivate"),
    path("teams/", teams.Teams.as_view(), name="teams"),
    path("teams/<int:pk>/", teams.Team.as_view(), name="team"),
    path("teams/<int:pk>/members/", teams.Members.as_view(), name="team_members"),
    path("teams/<int:pk>/members/<int:user>/", teams.Member.as_view(), name="team_member"),
    path("organisation/", organisation.TheOrganisation.as_view(), name="organisation"),
    path("invitations/", invitations.Invitations.as_view(), name="invitations"),
    path("invitations/<int:pk>/", invitations.OneInvitation.as_view(), name="invitation"),
    path("invitations/<int:pk>/resend/", invitations.ResendInvitation.as_view(), name="invitation_resend"),
    path("invitations/<int:pk>/revoke/", invitations.RevokeInvitation.as_view(), name="invitation_revoke"),
    path("audit/", audit.Audit.as_view(), name="audit"),
    path("tokens/", tokens.Tokens.as_view(), name="tokens"),
    path("tokens/<int:pk>/", tokens.Token.as_view(), name="token"),
]
