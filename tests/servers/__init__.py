"""Servers to try the suite on: not the mock, and no part of what is shipped."""
