"""Contract tests for providers and gateways of Qwen-Image and Wan image generation."""
