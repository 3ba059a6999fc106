"""Who answers for what, whose turn it is, and who is paged when nobody answers."""
