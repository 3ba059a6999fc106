"""Keyset pages."""
from rest_framework.pagination import CursorPagination
class KeysetPagination(CursorPagination):
    """Pages of 50."""
    ordering = "-pk"
