"""Verbs of keys, events and heartbeats."""
