"""Two ends: what a gateway was sent beside what reached the mock behind it."""
