"""Tags that draw what the room owns."""
