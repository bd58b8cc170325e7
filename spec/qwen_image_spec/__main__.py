"""`python -m qwen_image_spec`: the same as the command `qwen-image-spec`."""

from __future__ import annotations

from qwen_image_spec.cli import main

if __name__ == "__main__":
    main()
