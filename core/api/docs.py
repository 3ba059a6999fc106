"""The API's description and its offline page, for people who are signed in."""

from __future__ import annotations

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from core.api.permissions import SignedIn


class Schema(SpectacularAPIView):
    """OpenAPI 3 as YAML or JSON."""

    permission_classes = [SignedIn]
    metadata_class = None


class Docs(SpectacularSwaggerSplitView):
    """Swagger UI from our own host: no inline script or style, so that the content policy holds (A30, A102)."""

    permission_classes = [SignedIn]
    metadata_class = None
    template_name = "core/api_docs.html"
    template_name_js = "core/api_docs.js"
    url_name = "api:schema"
