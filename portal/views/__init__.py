"""Pages of the whole: what belongs to no single room."""
