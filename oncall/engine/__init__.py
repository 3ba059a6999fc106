"""Pure arithmetic: no database, no clock."""
