"""Port MXNet and Gluon book code and its weights to PyTorch, and say what was changed and why."""
