"""The room's doors under /api/v1."""
