"""Formats of dates where a page leaves them to Django: the administration's lists and forms."""
