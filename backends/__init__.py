"""MXNet, PyTorch and a NumPy oracle behind one interface."""

from backends.errors import InputError
from backends.registry import BackendInfo, available_backends, backend_names, get_backend

__all__ = ["BackendInfo", "InputError", "available_backends", "backend_names", "get_backend"]
