"""Pages of the room: thin doors that parse, call a command or query, and render."""
