"""Incidents: alerts, routing, the incident and its record."""
