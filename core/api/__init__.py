"""The base of the REST API: reading, refusing, paging, repeating, describing."""
