"""Moments with 24 hours and seconds: two entries of the same minute have an order."""

DATETIME_FORMAT = "j M Y, H:i:s"
DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i:s"
