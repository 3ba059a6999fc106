"""The mechanics: nothing here knows a noun of the product."""
