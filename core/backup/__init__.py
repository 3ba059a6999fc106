"""One archive of all that the portal keeps, and the way back (A16, A108, F51, F52)."""
