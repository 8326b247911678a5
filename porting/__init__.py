"""Port MXNet and Gluon book code to PyTorch, and say what was changed and why."""
