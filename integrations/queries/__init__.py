"""Reads of keys, heartbeats and the inbound log."""
