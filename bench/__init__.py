"""The figures of the performance goals: `make bench` prints them with their conditions."""
