"""REST doors of the room."""
