"""Pages of this room; of django-allauth's only those that the portal uses: no sign-up, no further addresses."""

from __future__ import annotations

from allauth.account import views as allauth_views
from django.urls import path, re_path

from accounts.views import (
    audit,
    factors,
    invitations,
    oidc,
    organisation,
    people,
    profile,
    second_step,
    security,
    setup,
    sign_in,
    teams,
)

TEAM, SECURITY = "teams/<int:pk>/", "profile/security/"
urlpatterns = [
    path("teams/", teams.team_list, name="teams"),
    path("teams/new/", teams.new, name="team_new"),
    path(TEAM, teams.team, name="team"),
    path(f"{TEAM}edit/", teams.edit, name="team_edit"),
    path(f"{TEAM}delete/", teams.delete, name="team_delete"),
    path(f"{TEAM}members/", teams.join, name="team_join"),
    path(f"{TEAM}members/<int:user_pk>/", teams.change_role, name="team_role"),
    path(f"{TEAM}members/<int:user_pk>/remove/", teams.remove, name="team_remove"),
    path("audit/", audit.audit, name="audit"),
    path("organisation/", organisation.organisation, name="organisation"),
    path("people/", people.people, name="people"),
    path("people/invite/", invitations.invite, name="invite"),
    path("people/invitations/<int:pk>/resend/", invitations.resend, name="invitation_resend"),
    path("people/invitations/<int:pk>/revoke/", invitations.revoke, name="invitation_revoke"),
    path("invitation/<str:token>/", invitations.join, name="invitation"),
    path("people/<int:pk>/", people.person, name="person"),
    path("profile/", profile.profile, name="profile"),
    path("profile/tokens/", profile.token_list, name="tokens"),
    path("profile/tokens/<int:pk>/revoke/", profile.revoke, name="token_revoke"),
    path(SECURITY, security.security, name="security"),
    path(f"{SECURITY}prove/", security.prove, name="prove"),
    path(f"{SECURITY}enrol/", factors.enrol, name="enrol"),
    path(f"{SECURITY}app/", factors.app, name="factor_app"),
    path(f"{SECURITY}passkey/", factors.passkey, name="factor_passkey"),
    path(f"{SECURITY}codes/", factors.codes, name="recovery_codes"),
    path(f"{SECURITY}factors/<int:pk>/", factors.rename, name="factor_rename"),
    path(f"{SECURITY}factors/<int:pk>/remove/", factors.remove, name="factor_remove"),
    path(f"{SECURITY}sessions/others/", security.end_other_sessions, name="sessions_end_others"),
    path(f"{SECURITY}sessions/<int:pk>/end/", security.end_session, name="session_end"),
    path("people/<int:pk>/reset-factors/", factors.reset, name="factors_reset"),
    path("setup/<str:token>/", setup.first_administrator, name="first_administrator"),
    path("accounts/login/", sign_in.LoginView.as_view(), name="account_login"),
    path("accounts/oidc/", oidc.leave, name="oidc_leave"),
    path("accounts/oidc/callback/", oidc.come_back, name="oidc_callback"),
    path("accounts/second-step/", second_step.SecondStepView.as_view(), name="mfa_authenticate"),
    path("accounts/passkey/", second_step.PasskeyView.as_view(), name="mfa_login_webauthn"),
    path("accounts/logout/", sign_in.LogoutView.as_view(), name="account_logout"),
    path("accounts/password/change/", sign_in.PasswordChangeView.as_view(), name="account_change_password"),
    path("accounts/password/reset/", sign_in.PasswordResetView.as_view(), name="account_reset_password"),
    path("accounts/password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]{1,13})-(?P<key>[0-9A-Za-z-]{1,80})/$",
        sign_in.PasswordResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]
