"""A lived-in data set to look at: an organisation, its history, and one incident in mid-response."""
