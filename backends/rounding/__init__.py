"""What float32 may do to the oracle's results: rigorous bounds, and Monte Carlo arithmetic."""

from backends.rounding.oracles import BoundedBackend, NoisyBackend

__all__ = ["BoundedBackend", "NoisyBackend"]
