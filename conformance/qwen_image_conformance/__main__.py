"""`python -m qwen_image_conformance`."""

from qwen_image_conformance.cli import main

main()
