"""Servers of others, measured beside the mock."""
