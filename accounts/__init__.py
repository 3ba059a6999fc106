"""People, teams, tokens, sign-in, actors and permissions."""
