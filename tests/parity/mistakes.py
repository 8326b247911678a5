"""Wrong versions that take more than one line: (backend, right, *args), see wrong.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend, Network

Override = Callable[..., Any]


def with_activation(activation: str) -> Override:
    """A recurrent primitive that knows one activation only."""
    return lambda k, right, x, state, params, ignored: right(x, state, params, activation)


def last_argmax(k: Backend, right: Override, array: Any, axis: int) -> Any:
    x = k.to_numpy(array)
    return k.from_numpy(x.shape[axis] - 1 - np.flip(x, axis).argmax(axis))


def with_params(**changes: Callable[[Any], Any]) -> Override:
    """A recurrent primitive on other parameters."""

    def override(k: Backend, right: Override, x: Any, *args: Any) -> Any:
        *state, params = args[:2] if isinstance(args[0], tuple) else args[:1]
        changed = {name: change(params[name]) for name, change in changes.items()}
        return right(x, *state, {**params, **changed}, *args[len(state) + 1 :])

    return override


def negated(*names: str) -> Override:
    """A gate that is shut where it should be open: σ(−x) = 1 − σ(x)."""
    return with_params(**{name: lambda w: -w for name in names})


def open_gate(name: str) -> Override:
    return with_params(**{f"b_{name}": lambda b: b + 100})


def swapped_gates(a: str, b: str) -> Override:
    """A recurrent primitive that takes the parameters of one gate for another's."""
    names = {f"{kind}{x}": f"{kind}{y}" for kind in ("W_x", "W_h", "b_") for x, y in (a + b, b + a)}

    def override(k: Backend, right: Override, x: Any, state: Any, params: Any, *args: Any) -> Any:
        return right(x, state, {n: params[names.get(n, n)] for n in params}, *args)

    return override


def with_reset(reset: str) -> Override:
    return lambda k, right, x, state, params, ignored="": right(x, state, params, reset)


def stale_state(
    k: Backend, right: Override, inputs: Any, state: Any, params: Any, *args: Any
) -> Any:
    """Every step starts from the initial state."""
    steps = [right(inputs[t : t + 1], state, params, *args) for t in range(len(inputs))]
    return k.concat([hiddens for hiddens, _ in steps], 0), steps[-1][1]


def overflowing_cross_entropy(k: Backend, right: Override, logits: Any, labels: Any) -> Any:
    exponentials = logits.exp()
    chosen = exponentials * k.one_hot(labels, logits.shape[1])
    return -(chosen.sum(axis=1) / exponentials.sum(axis=1)).log()


# --- value_and_grad: `change` maps this call's gradients and those of the call before ---


def with_gradients(change: Callable[[Backend, Any, Any], Any]) -> Override:
    def override(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
        evaluate = right(objective, has_aux)
        last: dict[str, Any] = {}

        def wrong(params: Any, *args: Any) -> Any:
            value, grads = evaluate(params, *args)
            # Multiplied by 1, since gradients are valid until the next call only.
            for name, grad in grads.items():
                last[name] = change(k, grad * 1, last.get(name))
            return value, dict(last)

        return wrong

    return override


def add_up(k: Backend, grad: Any, before: Any) -> Any:
    return grad if before is None else grad + before


def keep_where_unused(k: Backend, grad: Any, before: Any) -> Any:
    """As MXNet's backward() leaves a parameter that the loss does not reach."""
    return grad if before is None or k.to_numpy(grad).any() else before


# --- clip_gradients ---


def clip_by(factor_of: Callable[[float, float], float]) -> Override:
    """factor_of: (norm, max_norm) → what gradients are multiplied by."""

    def override(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
        _, norm = right(grads, None)
        factor = 1.0 if max_norm is None else factor_of(float(k.to_numpy(norm)), max_norm)
        return {name: grad * factor for name, grad in grads.items()}, norm

    return override


def clip_with(epsilon: float) -> Override:
    """As torch and Gluon do: min(θ / (‖g‖ + ε), 1), where a NaN norm reaches every gradient."""
    return clip_by(lambda norm, most: float(np.minimum(most / (norm + epsilon or 1.0), 1.0)))


def clip_each_alone(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    _, norm = right(grads, None)
    return {name: right({name: grad}, max_norm)[0][name] for name, grad in grads.items()}, norm


def norm_after_clipping(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    clipped, _ = right(grads, max_norm)
    return clipped, right(clipped, None)[1]


def decay_biases(
    k: Backend, right: Override, params: Any, grads: Any, lr: float, n: int = 1, wd: float = 0.0
) -> Any:
    return {name: w * (1 - lr * wd / n) - grads[name] * (lr / n) for name, w in params.items()}


# --- layers ---


def after(k: Backend, layer: Any, function: Callable[[Any], Any]) -> Any:
    """The layer with its output passed through a function."""
    module, names = layer
    if k.name == "torch":
        module.register_forward_hook(lambda module, inputs, output: function(output))
        return layer
    return (lambda *inputs: function(module(*inputs))), names


def misnamed_gates(a: str, b: str) -> Override:
    """A layer whose fused gates are taken to stand in another order."""
    other = str.maketrans(a + b, b + a)

    def override(k: Backend, right: Override, *args: Any) -> Any:
        module, names = right(*args)
        if k.name == "torch":
            return module, {own: name.translate(other) for own, name in names.items()}
        return module, {name.translate(other): own for name, own in names.items()}

    return override


def with_method(**methods: Callable[..., Any]) -> Override:
    """A network with other methods: (network, right, *args)."""

    def bind(name: str, method: Callable[..., Any], base: type[Network]) -> Any:
        return lambda self, *args: method(self, lambda *a: getattr(base, name)(self, *a), *args)

    def override(k: Backend, right: Override, **layers: Any) -> Network:
        network = right(**layers)
        base = type(network)
        bound = {name: bind(name, method, base) for name, method in methods.items()}
        network.__class__ = type("WrongNetwork", (base,), bound)
        return network

    return override


def untransposed(network: Network, right: Override, weights: Any) -> None:
    """Numbers in the order in which the framework stores the transpose."""
    right({name: w.T.reshape(w.shape) for name, w in weights.items()})


def keeps_missing_bias(network: Network, right: Override, weights: Any) -> None:
    kept = network.read().get("b_hh")
    right(weights if kept is None else {"b_hh": kept, **weights})


def without_rescaling(k: Backend, right: Override, *args: Any, **options: Any) -> Any:
    trainer = right(*args, **options)
    step = trainer.step
    trainer.step = lambda grads, batch_size: step(grads, 1)
    return trainer


def with_decays(change: Callable[[float, float], tuple[float, float]]) -> Override:
    def override(
        k: Backend,
        right: Override,
        network: Network,
        learning_rate: float,
        weight_decay: float = 0.0,
        bias_decay: float = 0.0,
    ) -> Any:
        return right(network, learning_rate, *change(weight_decay, bias_decay))

    return override
