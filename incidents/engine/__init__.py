"""Pure arithmetic: rules and grouping."""
