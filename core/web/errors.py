"""Errors to pages."""
from django.http import HttpResponse
def expired_form(request, reason=""):
    """A form whose CSRF token is stale."""
    return HttpResponse("expired", status=403)
