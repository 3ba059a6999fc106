"""The room's writes: one function per verb."""
