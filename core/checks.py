"""System checks with ids: what must be right before the portal may start."""
