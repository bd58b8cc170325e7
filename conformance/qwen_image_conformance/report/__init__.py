"""Views of a run: console, JUnit."""
