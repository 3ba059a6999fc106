"""The shapes of design 3: every state, health and priority has a form and a word, never colour alone."""

from __future__ import annotations

RING = '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6"/>'
STATES = {
    "triggered": '<circle cx="7" cy="7" r="7" fill="currentColor"/>'
    '<path d="M7 3.4v4.2M7 10.2v.1" stroke="var(--surface)" stroke-width="1.7" stroke-linecap="round"/>',
    "acknowledged": RING + '<path d="M7 3a4 4 0 0 1 0 8z" fill="currentColor"/>',
    "identified": RING
    + '<path d="M7 3a4 4 0 0 1 2.8 6.8L7 7z" fill="currentColor"/><circle cx="5" cy="8" r="1" fill="currentColor"/>',
    "mitigated": RING + '<path d="M7 3a4 4 0 1 1-4 4h4z" fill="currentColor"/>',
    "resolved": RING
    + '<path d="M4.3 7.2 6.3 9.1 9.8 5" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "closed": RING + '<path d="M4.2 7h5.6" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "merged": '<circle cx="5" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    '<circle cx="9" cy="7" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>',
    "cancelled": RING + '<path d="M5 5l4 4M9 5l-4 4" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>',
    "snoozed": '<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="2 2"/>'
    '<path d="M5.2 5h3.6L5.2 9h3.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"/>',
}
HEALTH = {
    "ok": '<circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M5 8.2 7.2 10.3 11 6" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"'
    ' stroke-linejoin="round"/>',
    "degraded": '<path d="M8 1.5 15 14H1z" fill="none" stroke="currentColor" stroke-width="1.6"'
    ' stroke-linejoin="round"/><path d="M8 6v3.5M8 11.6v.1" stroke="currentColor" stroke-width="1.6"'
    ' stroke-linecap="round"/>',
    "partial": '<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor"'
    ' stroke-width="1.6"/><path d="M2.5 8h11v4.7a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z" fill="currentColor"/>',
    "outage": '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M5.5 5.5l5 5M10.5 5.5l-5 5"'
    ' stroke="var(--surface)" stroke-width="1.7" stroke-linecap="round"/>',
    "maint": '<circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.6"'
    ' stroke-dasharray="3 2.5"/><circle cx="8" cy="8" r="2" fill="currentColor"/>',
}
# x, y and height of the four bars of a priority, in a box of 12 by 12.
BARS = ((0, 8.0, 4.0), (3, 5.4, 6.6), (6, 2.8, 9.2), (9, 0.2, 11.8))
