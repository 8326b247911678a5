"""PyTorch's backward passes, reported to the recorder."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from porting.prove.on_torch.values import as_numpy
from porting.prove.recorder import Recorder, name_of
from porting.prove.trace import Leaf


class Training:
    """Backward passes and the leaves they fill."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._names: dict[int, str] = {}
        self._held: dict[int, torch.Tensor] = {}  # so that no id is used twice
        self._seen: dict[int, torch.Tensor] = {}

    def install(self) -> None:
        backward = torch.autograd.backward

        def counted(tensors: Any, *arguments: Any, **options: Any) -> None:
            heads = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
            leaves = _leaves(heads)
            backward(tensors, *arguments, **options)
            self._seen |= {id(leaf): leaf for leaf in leaves}
            self._recorder.backward(
                [as_numpy(head) for head in heads], [self._leaf(leaf) for leaf in leaves]
            )

        torch.autograd.backward = counted
        self._recorder.framework_leaves = self.leaves_now  # type: ignore[method-assign]

    def _leaf(self, tensor: torch.Tensor, with_gradient: bool = True) -> Leaf:
        key = id(tensor)
        self._held[key] = tensor
        if key not in self._names:
            self._names[key] = name_of(key, {__file__, torch._tensor.__file__}, _inside)
        gradient = as_numpy(tensor.grad) if with_gradient and tensor.grad is not None else None
        return Leaf(key, self._names[key], as_numpy(tensor), gradient)

    def leaves_now(self) -> list[Leaf]:
        """The leaves trained in this part, as they are now."""
        now = [self._leaf(tensor, with_gradient=False) for tensor in self._seen.values()]
        self._seen.clear()
        return now


def _leaves(heads: list[torch.Tensor]) -> list[torch.Tensor]:
    """The leaves below the heads, nearest the inputs first."""
    found: dict[int, torch.Tensor] = {}
    seen: set[Any] = set()
    waiting = [head.grad_fn for head in heads if head.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            found[id(variable)] = variable
        waiting.extend(following for following, _ in node.next_functions if following is not None)
    return list(found.values())[::-1]


def _inside(value: Any) -> list[tuple[str, int]]:
    if isinstance(value, torch.Tensor):
        return [("", id(value))]
    if isinstance(value, nn.Module):
        return [(f".{name}", id(parameter)) for name, parameter in value.named_parameters()]
    if isinstance(value, (list, tuple)) and len(value) <= 100:
        return [(f"[{n}]", id(item)) for n, item in enumerate(value)]
    return []
