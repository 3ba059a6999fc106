"""Settings, root routes and wiring; nothing imports this room."""
