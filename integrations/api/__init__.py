"""Doors for machines: the intake of events and the REST API."""
