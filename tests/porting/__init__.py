"""Tests of what ports MXNet code to PyTorch."""
