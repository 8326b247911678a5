"""Mistakes in gradients, clipping and updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backends.interface import Backend, Network
from tests.parity.wrong.row import Override
from tests.parity.wrong.values import OnValues, memory, moved

# --- value_and_grad: `change` maps this call's gradients and those of the call before ---


def with_gradients(
    change: Callable[[Backend, Any, Any], Any], where: Callable[[Any], bool] = lambda params: True
) -> Override:
    """where: whether a call's params, a dict or a `Network`, meet the mistake."""

    def override(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
        evaluate = right(objective, has_aux)
        last: dict[str, Any] = {}

        def wrong(params: Any, *args: Any) -> Any:
            value, grads = evaluate(params, *args)
            if not where(params):
                return value, grads
            # Multiplied by 1, since gradients are valid until the next call only.
            for name, grad in grads.items():
                last[name] = change(k, grad * 1, last.get(name))
            return value, {name: last[name] for name in grads}

        return wrong

    return override


def add_up(k: Backend, grad: Any, before: Any) -> Any:
    return grad if before is None else grad + before


def late(k: Backend, grad: Any, before: Any) -> Any:
    """What an asynchronous framework would give that does not wait."""
    return grad if before is None else before


def keep_where_unused(k: Backend, grad: Any, before: Any) -> Any:
    """As MXNet's backward() leaves a parameter that the loss does not reach."""
    return grad if before is None or k.to_numpy(grad).any() else before


def gradients_as(function: OnValues) -> Override:
    return with_gradients(lambda k, grad, before: moved(k, grad, function))


def is_network(params: Any) -> bool:
    return isinstance(params, Network)


def is_dict(params: Any) -> bool:
    return isinstance(params, dict)


def with_results(change: Callable[..., Any]) -> Override:
    """change: (value, gradients, has_aux) → (value, gradients)."""

    def override(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
        evaluate = right(objective, has_aux)
        return lambda params, *args: change(*evaluate(params, *args), has_aux)

    return override


def without_unused(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
    """A parameter that the loss does not depend on has no gradient."""
    evaluate = right(objective, has_aux)

    def wrong(params: Any, *args: Any) -> Any:
        value, grads = evaluate(params, *args)
        return value, {name: grad for name, grad in grads.items() if k.to_numpy(grad).any()}

    return wrong


def replays(has_aux_too: bool) -> Override:
    """A traced objective that gives its first loss, or its first results, at every call."""

    def override(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
        evaluate, first = right(objective, has_aux), []

        def wrong(params: Any, *args: Any) -> Any:
            value, grads = evaluate(params, *args)
            first.append(value)
            if has_aux != has_aux_too:
                return value, grads
            return ((value[0], first[0][1]) if has_aux else first[0]), grads

        return wrong

    return override


def twice_evaluated(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
    evaluate = right(objective, has_aux)

    def wrong(params: Any, *args: Any) -> Any:
        evaluate(params, *args)
        return evaluate(params, *args)

    return wrong


def differences(step: float) -> Override:
    """Gradients of a dict of parameters by differences, as wrong as those are in float32."""

    def override(k: Backend, right: Override, objective: Any, has_aux: bool = False) -> Any:
        evaluate = right(objective, has_aux)

        def loss_at(params: Any, *args: Any) -> float:
            result = objective(params, *args)
            return float(k.to_numpy(result[0] if has_aux else result))

        def wrong(params: Any, *args: Any) -> Any:
            value, grads = evaluate(params, *args)
            if is_network(params):
                return value, grads
            base, slopes = loss_at(params, *args), {}
            for name, p in params.items():
                slope = k.to_numpy(grads[name])
                if slope.size:
                    up = k.to_numpy(p)
                    up.reshape(-1)[0] += step
                    moved = {**params, name: k.from_numpy(up)}
                    slope.reshape(-1)[0] = (loss_at(moved, *args) - base) / step
                slopes[name] = k.from_numpy(slope)
            return value, slopes

        return wrong

    return override


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


def clip_by_norm(norm_of: Callable[[list[np.ndarray]], Any], reported: bool = True) -> Override:
    """norm_of: all gradients → the norm to clip by, and to report."""

    def override(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
        _, norm = right(grads, None)
        with np.errstate(all="ignore"):
            own = float(norm_of([k.to_numpy(grad) for grad in grads.values()]))
        factor = max_norm / own if max_norm is not None and own > max_norm else 1.0
        clipped = {name: grad * factor for name, grad in grads.items()}
        return clipped, k.from_numpy(np.asarray(own, k.dtype)) if reported else norm

    return override


def clip_each_alone(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    _, norm = right(grads, None)
    return {name: right({name: grad}, max_norm)[0][name] for name, grad in grads.items()}, norm


def clip_values(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    _, norm = right(grads, None)
    if max_norm is None:
        return grads, norm
    return {
        n: k.from_numpy(k.to_numpy(g).clip(-max_norm, max_norm)) for n, g in grads.items()
    }, norm


def clip_all_but_one(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    kept = {name: grad * 1 for name, grad in list(grads.items())[-1:]}
    clipped, norm = right(grads, max_norm)
    return {**clipped, **kept}, norm


def norm_after_clipping(k: Backend, right: Override, grads: Any, max_norm: float | None) -> Any:
    clipped, _ = right(grads, max_norm)
    return clipped, right(clipped, None)[1]


# --- sgd ---


def update(formula: Callable[..., Any]) -> Override:
    """formula: (w, g, learning rate, batch size, decay of this parameter) → w."""

    def override(
        k: Backend, right: Override, params: Any, grads: Any, lr: float, n: int = 1, wd: float = 0.0
    ) -> Any:
        return {
            name: formula(w, grads[name], lr, n, wd if w.ndim > 1 else 0.0)
            for name, w in params.items()
        }

    return override


def with_rates(change: Callable[[float, int, float], tuple[float, int, float]]) -> Override:
    """Another learning rate, batch size or decay."""

    def override(
        k: Backend, right: Override, params: Any, grads: Any, lr: float, n: int = 1, wd: float = 0.0
    ) -> Any:
        return right(params, grads, *change(lr, n, wd))

    return override


def forgets(which: int) -> Override:
    """One parameter stays as it is."""

    def override(k: Backend, right: Override, params: Any, grads: Any, *rates: Any) -> Any:
        name = list(params)[which]
        kept = params[name] * 1
        return {**right(params, grads, *rates), name: kept}

    return override


def sgd_with_momentum(k: Backend, right: Override, params: Any, grads: Any, *rates: Any) -> Any:
    velocity = memory(k)
    for name, grad in grads.items():
        before = velocity.get(name)
        same = before is not None and before.shape == grad.shape
        velocity[name] = grad + before * 0.9 if same else grad * 1
    return right(params, {name: velocity[name] for name in grads}, *rates)


def sgd_slower_each_time(
    k: Backend, right: Override, params: Any, grads: Any, lr: float, *rates: Any
) -> Any:
    calls = memory(k)["calls"] = memory(k).get("calls", 0) + 1
    return right(params, grads, lr / calls, *rates)


# --- trainer ---


def with_step(step: Callable[..., Any]) -> Override:
    """step: (backend, network, right step, gradients, batch size, memory) in place of step."""

    def override(k: Backend, right: Override, network: Network, *args: Any, **options: Any) -> Any:
        trainer = right(network, *args, **options)
        right_step, kept = trainer.step, {}
        trainer.step = lambda grads, n: step(k, network, right_step, grads, n, kept)
        return trainer

    return override


def with_decays(change: Callable[[float, float], tuple[float, float]]) -> Override:
    def override(
        k: Backend, right: Override, network: Network, learning_rate: float,
        weight_decay: float = 0.0, bias_decay: float = 0.0,
    ) -> Any:  # fmt: skip
        return right(network, learning_rate, *change(weight_decay, bias_decay))

    return override


def with_momentum(
    k: Backend, network: Network, right: Override, grads: Any, n: int, velocity: Any
) -> None:
    for name, grad in grads.items():
        velocity[name] = grad + velocity[name] * 0.9 if name in velocity else grad * 1
    right(dict(velocity), n)


def late_gradients(
    k: Backend, network: Network, right: Override, grads: Any, n: int, kept: Any
) -> None:
    """Every step takes the gradients of the step before."""
    now = {name: grad * 1 for name, grad in grads.items()}
    right({**now, **kept}, n)
    kept.update(now)


def without_some(keep: Callable[[str, np.ndarray], bool]) -> Override:
    """keep: (name, value) → whether the parameter stays as it was."""

    def step(k: Backend, network: Network, right: Override, grads: Any, n: int, kept: Any) -> None:
        before = network.read()
        right(grads, n)
        network.load({m: before[m] if keep(m, w) else w for m, w in network.read().items()})

    return with_step(step)


def without_unused_layers(
    k: Backend, network: Network, right: Override, grads: Any, n: int, kept: Any
) -> None:
    """A parameter with gradient zero is not decayed."""
    before, given = network.read(), network.read_gradients(grads)
    right(grads, n)
    network.load({m: w if given[m].any() else before[m] for m, w in network.read().items()})


def decays_after(
    k: Backend, right: Override, network: Network, learning_rate: float,
    weight_decay: float = 0.0, bias_decay: float = 0.0,
) -> Any:  # fmt: skip
    """The decay acts on the parameter that the gradient has moved already."""
    trainer = right(network, learning_rate)
    step = trainer.step

    def wrong(grads: Any, n: int) -> None:
        step(grads, n)
        rates = {
            name: weight_decay if w.ndim > 1 else bias_decay for name, w in network.read().items()
        }
        network.load(
            {name: w * (1 - learning_rate * rates[name]) for name, w in network.read().items()}
        )

    trainer.step = wrong
    return trainer
