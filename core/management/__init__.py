"""Commands of the mechanics."""
