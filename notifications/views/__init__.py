"""Doors for carriers; the pages of people stand here too."""
