"""The kill loop: real processes, a real SMTP sink, kill -9s; the sink's log is compared with the 202s."""
