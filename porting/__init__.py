"""Port MXNet code and its weights to PyTorch."""
