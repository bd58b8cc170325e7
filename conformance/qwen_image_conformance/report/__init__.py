"""Views of a run, all made from its events: console, JUnit, Markdown, HTML, badge, and two runs compared."""
