"""Foreign formats: monitoring tools and what they send us."""
