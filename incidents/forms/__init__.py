"""Shapes of what the room's pages take; the rules stand in the commands."""
