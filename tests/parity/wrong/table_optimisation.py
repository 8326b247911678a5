"""value_and_grad, clip_gradients, sgd and trainer."""

import numpy as np

from tests.parity.wrong.row import Wrong
from tests.parity.wrong.training import (
    add_up,
    clip_all_but_one,
    clip_by,
    clip_by_norm,
    clip_each_alone,
    clip_values,
    clip_with,
    decays_after,
    differences,
    forgets,
    gradients_as,
    is_dict,
    is_network,
    keep_where_unused,
    late,
    late_gradients,
    norm_after_clipping,
    replays,
    sgd_slower_each_time,
    sgd_with_momentum,
    twice_evaluated,
    update,
    with_decays,
    with_gradients,
    with_momentum,
    with_rates,
    with_results,
    with_step,
    without_some,
    without_unused,
    without_unused_layers,
)
from tests.parity.wrong.values import FORMATS, bits


def flat(grads):
    return np.concatenate([grad.ravel() for grad in grads])


def halved(k, grad, before):
    return grad / 2


def half(rate):
    return float(np.float16(rate))


def decays_biases(k, right, params, grads, lr, n=1, wd=0.0):
    return {name: w * (1 - lr * wd / n) - grads[name] * (lr / n) for name, w in params.items()}


# fmt: off
GRADIENTS = [
    Wrong("value_and_grad", "half", with_gradients(halved)),
    Wrong("value_and_grad", "half in a network", with_gradients(halved, is_network)),
    Wrong("value_and_grad", "uphill", with_gradients(lambda k, grad, before: -grad)),
    Wrong("value_and_grad", "1e-4 too large",
          with_gradients(lambda k, grad, before: grad * (1 + 1e-4))),
    Wrong("value_and_grad", "1e-5 too large",
          with_gradients(lambda k, grad, before: grad * (1 + 1e-5))),
    Wrong("value_and_grad", "in float16", gradients_as(FORMATS["float16"])),
    Wrong("value_and_grad", "in bfloat16", gradients_as(FORMATS["bfloat16"])),
    Wrong("value_and_grad", "small ones are 0",
          gradients_as(lambda a: np.where(abs(a) < 2.0**-13, 0, a))),
    Wrong("value_and_grad", "held within 1", gradients_as(lambda a: a.clip(-1, 1))),
    Wrong("value_and_grad", "by differences", differences(1e-3)),
    Wrong("value_and_grad", "biases have none",
          with_gradients(lambda k, grad, before: grad if grad.ndim > 1 else grad * 0, is_dict)),
    Wrong("value_and_grad", "gradients add up", with_gradients(add_up, is_dict)),
    Wrong("value_and_grad", "gradients of a network add up", with_gradients(add_up, is_network)),
    Wrong("value_and_grad", "gradients of the call before", with_gradients(late, is_dict)),
    Wrong("value_and_grad", "gradients of a network of the call before",
          with_gradients(late, is_network)),
    Wrong("value_and_grad", "stale where unused", with_gradients(keep_where_unused, is_dict)),
    Wrong("value_and_grad", "stale where a layer is unused",
          with_gradients(keep_where_unused, is_network)),
    Wrong("value_and_grad", "none where unused", without_unused),
    Wrong("value_and_grad", "last parameter first", with_results(
        lambda value, grads, has_aux: (value, dict(reversed(grads.items()))))),
    Wrong("value_and_grad", "loss doubled", with_results(lambda value, grads, has_aux: (
        (value[0] * 2, value[1]) if has_aux else value * 2, grads))),
    Wrong("value_and_grad", "loss of the first call", replays(has_aux_too=False)),
    Wrong("value_and_grad", "auxiliary results of the first call", replays(has_aux_too=True)),
    Wrong("value_and_grad", "evaluated twice", twice_evaluated),
]

CLIPPING = [
    Wrong("clip_gradients", "< for >", clip_by(lambda n, most: most / n if n < most else 1)),
    Wrong("clip_gradients", "always", clip_by(lambda n, most: most / n if n else 1)),
    Wrong("clip_gradients", "never", clip_by(lambda n, most: 1)),
    Wrong("clip_gradients", "from half the threshold on",
          clip_by(lambda n, most: most / n if n > most / 2 else 1)),
    Wrong("clip_gradients", "to half the threshold",
          clip_by(lambda n, most: most / n / 2 if n > most else 1)),
    Wrong("clip_gradients", "divided by the norm only",
          clip_by(lambda n, most: 1 / n if n > most else 1)),
    Wrong("clip_gradients", "torch's epsilon", clip_with(1e-6)),
    Wrong("clip_gradients", "Gluon's epsilon", clip_with(1e-8)),
    Wrong("clip_gradients", "epsilon 1e-5 times the norm",
          clip_by(lambda n, most: most / (n * (1 + 1e-5)) if n > most else 1)),
    Wrong("clip_gradients", "factor in float16",
          clip_by(lambda n, most: half(most / n) if n > most else 1)),
    Wrong("clip_gradients", "spreads NaN", clip_with(0.0)),
    Wrong("clip_gradients", "each alone", clip_each_alone),
    Wrong("clip_gradients", "value by value", clip_values),
    Wrong("clip_gradients", "all but the last", clip_all_but_one),
    Wrong("clip_gradients", "L1 norm", clip_by_norm(lambda g: abs(flat(g)).sum())),
    Wrong("clip_gradients", "largest element", clip_by_norm(lambda g: abs(flat(g)).max())),
    Wrong("clip_gradients", "mean square", clip_by_norm(lambda g: np.sqrt((flat(g) ** 2).mean()))),
    Wrong("clip_gradients", "norm squared", clip_by_norm(lambda g: (flat(g) ** 2).sum())),
    Wrong("clip_gradients", "norm of the sum", clip_by_norm(lambda g: abs(flat(g).sum()))),
    Wrong("clip_gradients", "norm of the first",
          clip_by_norm(lambda g: np.sqrt((g[0] ** 2).sum()))),
    Wrong("clip_gradients", "sum of the norms",
          clip_by_norm(lambda g: sum(np.sqrt((grad**2).sum()) for grad in g))),
    Wrong("clip_gradients", "norm in float16", clip_by_norm(
        lambda g: np.sqrt((flat(g).astype("float16") ** 2).sum(dtype="float16")))),
    Wrong("clip_gradients", "squares in bfloat16",
          clip_by_norm(lambda g: np.sqrt(bits(8)(flat(g) ** 2).sum()))),
    Wrong("clip_gradients", "norm 1e-5 too large",
          clip_by_norm(lambda g: np.sqrt((flat(g) ** 2).sum()) * (1 + 1e-5))),
    Wrong("clip_gradients", "norm in float16 to clip by alone",
          clip_by_norm(lambda g: np.float16(np.sqrt((flat(g) ** 2).sum())), reported=False)),
    Wrong("clip_gradients", "NaN is left out of the norm",
          clip_by_norm(lambda g: np.sqrt(np.nansum(flat(g) ** 2)))),
    Wrong("clip_gradients", "norm after clipping", norm_after_clipping),
    Wrong("clip_gradients", "any threshold",
          lambda k, right, g, most: right(g, most if most and most > 0 else None)),
]

SGD = [
    Wrong("sgd", "decays biases", decays_biases),
    Wrong("sgd", "no 1 / |B|", with_rates(lambda lr, n, wd: (lr, 1, wd))),
    Wrong("sgd", "decay not divided by |B|", with_rates(lambda lr, n, wd: (lr, n, wd * n))),
    Wrong("sgd", "no decay", with_rates(lambda lr, n, wd: (lr, n, 0.0))),
    Wrong("sgd", "decay of the wrong sign", with_rates(lambda lr, n, wd: (lr, n, -wd))),
    Wrong("sgd", "decay halved", with_rates(lambda lr, n, wd: (lr, n, wd / 2))),
    Wrong("sgd", "decay not times the learning rate", with_rates(
        lambda lr, n, wd: (lr, n, wd / lr))),
    Wrong("sgd", "uphill", with_rates(lambda lr, n, wd: (-lr, n, -wd))),
    Wrong("sgd", "learning rate in float16", with_rates(lambda lr, n, wd: (half(lr), n, wd))),
    Wrong("sgd", "learning rate 1e-5 too large", with_rates(
        lambda lr, n, wd: (lr * (1 + 1e-5), n, wd))),
    Wrong("sgd", "batch sizes of one byte", with_rates(lambda lr, n, wd: (lr, min(n, 255), wd))),
    Wrong("sgd", "batch size one more", with_rates(lambda lr, n, wd: (lr, n + 1, wd))),
    Wrong("sgd", "η / |B| in float16", with_rates(lambda lr, n, wd: (half(lr / n), 1, wd))),
    Wrong("sgd", "decay of the updated weight", update(
        lambda w, g, lr, n, wd: (w - g * (lr / n)) * (1 - lr * wd / n))),
    Wrong("sgd", "implicit decay", update(
        lambda w, g, lr, n, wd: (w - g * (lr / n)) / (1 + lr * wd / n))),
    Wrong("sgd", "L1 decay", update(
        lambda w, g, lr, n, wd: w - g * (lr / n) - w / (abs(w) + 1e-30) * (lr * wd / n))),
    Wrong("sgd", "sign of the gradient", update(
        lambda w, g, lr, n, wd: w * (1 - lr * wd / n) - g / (abs(g) + 1e-30) * (lr / n))),
    Wrong("sgd", "forgets the last parameter", forgets(-1)),
    Wrong("sgd", "forgets the first parameter", forgets(0)),
    Wrong("sgd", "momentum", sgd_with_momentum),
    Wrong("sgd", "slower at every call", sgd_slower_each_time),
]

TRAINER = [
    Wrong("trainer", "no 1 / |B|", with_step(
        lambda k, net, step, grads, n, kept: step(grads, 1))),
    Wrong("trainer", "batch size one more", with_step(
        lambda k, net, step, grads, n, kept: step(grads, n + 1))),
    Wrong("trainer", "uphill", with_step(
        lambda k, net, step, grads, n, kept: step({m: -g for m, g in grads.items()}, n))),
    Wrong("trainer", "gradients 1e-5 too large", with_step(
        lambda k, net, step, grads, n, kept: step(
            {m: g * (1 + 1e-5) for m, g in grads.items()}, n))),
    Wrong("trainer", "momentum", with_step(with_momentum)),
    Wrong("trainer", "gradients of the step before", with_step(late_gradients)),
    Wrong("trainer", "biases stay", without_some(lambda name, w: w.ndim == 1)),
    Wrong("trainer", "one layer stays", without_some(lambda name, w: name.endswith("2"))),
    Wrong("trainer", "an unused layer stays", with_step(without_unused_layers)),
    Wrong("trainer", "decay of the updated weight", decays_after),
    Wrong("trainer", "decays biases", with_decays(lambda weight, bias: (weight, weight))),
    Wrong("trainer", "no bias decay", with_decays(lambda weight, bias: (weight, 0.0))),
    Wrong("trainer", "decays swapped", with_decays(lambda weight, bias: (bias, weight))),
    Wrong("trainer", "decay doubled", with_decays(lambda weight, bias: (2 * weight, 2 * bias))),
    Wrong("trainer", "decay divided by |B|",
          with_decays(lambda weight, bias: (weight / 4, bias / 4))),
    Wrong("trainer", "decay 1e-4 too large", with_decays(
        lambda weight, bias: (weight * (1 + 1e-4), bias))),
    Wrong("trainer", "learning rate in float16", lambda k, right, net, learning_rate, *args, **kw: (
        right(net, half(learning_rate), *args, **kw))),
]

OPTIMISATION = [*GRADIENTS, *CLIPPING, *SGD, *TRAINER]
# fmt: on
