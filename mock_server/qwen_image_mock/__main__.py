"""`python -m qwen_image_mock`."""

from __future__ import annotations

from qwen_image_mock.start import main

if __name__ == "__main__":
    main()
