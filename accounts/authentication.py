"""API sign-in."""

from rest_framework.authentication import BaseAuthentication, SessionAuthentication


class TokenAuthentication(BaseAuthentication):
    """Bearer tokens."""

    def authenticate(self, request):
        return None


class BrowserAuthentication(SessionAuthentication):
    """The browser's session."""
