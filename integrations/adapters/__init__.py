"""Event adapters, one file for each kind of tool."""
