"""The rules of the API map that a template cannot say."""

from porting.rules import arrays, layers, optimisers, training
from porting.rules.registry import REMOVED, RULES

__all__ = ["REMOVED", "RULES", "arrays", "layers", "optimisers", "training"]
