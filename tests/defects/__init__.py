"""Broken servers: a right mock with one contract violation built in, to prove that the suite sees it."""
