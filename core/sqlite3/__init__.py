"""Django's SQLite, with a hand-over of the write lock that takes a millisecond (decision 0005)."""
