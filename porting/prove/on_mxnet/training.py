"""MXNet's backward passes and optimizer steps, reported to the recorder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from porting.prove.draws import Draws
from porting.prove.recorder import Recorder, name_of
from porting.prove.trace import Leaf


class Training:
    """Backward passes and the arrays they fill."""

    def __init__(self, mx: Any, recorder: Recorder, draws: Draws) -> None:
        self._mx, self._recorder, self._draws = mx, recorder, draws
        self._marked: dict[int, Any] = {}
        self._names: dict[int, str] = {}
        self._seen: dict[int, Any] = {}

    def install(self) -> None:
        mx = self._mx
        for array in (mx.nd.NDArray, mx.np.ndarray):
            array.attach_grad = self._attaching(array.attach_grad)
        mx.nd.NDArray.backward = self._backward_of(mx.nd.NDArray.backward)
        mx.autograd.mark_variables = self._marking(mx.autograd.mark_variables)
        mx.autograd.backward = self._backward_of(mx.autograd.backward)
        trainer = mx.gluon.Trainer
        trainer.step = self._stepping(trainer.step)
        trainer.update = self._stepping(trainer.update)
        parameter = mx.gluon.Parameter
        parameter._init_grad = self._naming(parameter._init_grad)
        self._recorder.framework_leaves = self.leaves_now  # type: ignore[method-assign]

    def _attaching(self, attach: Callable[..., Any]) -> Callable[..., Any]:
        def attach_grad(array: Any, *arguments: Any, **options: Any) -> None:
            attach(array, *arguments, **options)
            self._marked[id(array)] = array

        return attach_grad

    def _marking(self, mark: Callable[..., Any]) -> Callable[..., Any]:
        def mark_variables(variables: Any, *arguments: Any, **options: Any) -> None:
            mark(variables, *arguments, **options)
            for array in variables if isinstance(variables, (list, tuple)) else [variables]:
                self._marked[id(array)] = array

        return mark_variables

    def _naming(self, init_grad: Callable[..., Any]) -> Callable[..., Any]:
        def _init_grad(parameter: Any) -> None:
            init_grad(parameter)
            if parameter._grad is not None:
                for array in parameter._data:
                    self._names[id(array)] = parameter.name

        return _init_grad

    def _backward_of(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        def counted(heads: Any, *arguments: Any, **options: Any) -> None:
            fresh = [array for array in self._marked.values() if array._fresh_grad]
            for array in fresh:
                array._fresh_grad = False
            backward(heads, *arguments, **options)
            filled = [array for array in self._marked.values() if array._fresh_grad]
            for array in fresh:
                array._fresh_grad = True
            self._perturb(filled)
            losses = heads if isinstance(heads, (list, tuple)) else [heads]
            for array in filled:
                self._seen.setdefault(id(array), array)
            self._recorder.backward(
                [loss.asnumpy() for loss in losses], [self._leaf(array) for array in filled]
            )

        return counted

    def _perturb(self, arrays: list[Any]) -> None:
        with self._mx.autograd.pause():
            for array in arrays:
                gradient = array.grad.asnumpy()
                noisy = self._draws.perturbed(gradient)
                if noisy is not gradient:
                    array.grad[:] = self._mx.nd.array(noisy, dtype=noisy.dtype)

    def _stepping(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def counted(trainer: Any, batch_size: float, *arguments: Any, **options: Any) -> None:
            factor = trainer._scale / batch_size
            keys = [
                id(array) for p in trainer._params if p._data is not None for array in p.list_data()
            ]
            self._recorder.updated(dict.fromkeys(keys, factor))
            step(trainer, batch_size, *arguments, **options)

        return counted

    def _leaf(self, array: Any, with_gradient: bool = True) -> Leaf:
        key = id(array)
        if key not in self._names:
            self._names[key] = name_of(key, {__file__}, self._inside)
        gradient = array.grad.asnumpy() if with_gradient else None
        return Leaf(key, self._names[key], array.asnumpy(), gradient)

    def _inside(self, value: Any) -> list[tuple[str, int]]:
        if isinstance(value, self._mx.nd.NDArray):
            return [("", id(value))]
        if isinstance(value, (list, tuple)) and len(value) <= 100:
            return [(f"[{n}]", id(item)) for n, item in enumerate(value)]
        return []

    def leaves_now(self) -> list[Leaf]:
        """The arrays trained in this part, as they are now."""
        now = [self._leaf(array, with_gradient=False) for array in self._seen.values()]
        self._seen.clear()
        return now
