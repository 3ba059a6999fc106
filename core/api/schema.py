"""OpenAPI."""
from drf_spectacular.openapi import AutoSchema
class PortalSchema(AutoSchema):
    """Ours."""
