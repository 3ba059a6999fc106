"""Carriers, one file each; `notifications/apps.py` loads every module of this folder."""
