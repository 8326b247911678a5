"""Where the frameworks truly differ from the oracle or from each other: what each does, and why.

A version of a framework that behaves otherwise fails test_pinned.py. Rows of the tables that meet
such a difference are named here, and must differ. `python -m tests.parity.pinned` prints the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.interface import Backend
from tests.parity.framework_defaults import DEFAULTS

NAN, INF = float("nan"), float("inf")
LARGEST = float(np.finfo("float32").max)

Rows = frozenset[tuple[str, str, str]]


@dataclass(frozen=True)
class Pinned:
    """One difference.

    measure: what is computed, by any backend that `behaviours` names. behaviours: backend → what
    exactly it gives, to the sign of zero. rows: (backend, row of a table, direction) that differ
    for this cause. sign_only: but for the sign of zero those rows agree.
    """

    name: str
    primitive: str
    measure: Callable[[Backend], Any]
    behaviours: Mapping[str, Any]
    cause: str
    source: str
    rows: Rows = frozenset()
    sign_only: bool = False

    def __str__(self) -> str:
        return self.name


def rows(backends: str, direction: str, *names: str) -> Rows:
    return frozenset((backend, name, direction) for backend in backends.split() for name in names)


def drawn(primitive: str) -> list[str]:
    """The rows that hypothesis draws."""
    return [f"{primitive}-drawn", f"{primitive}-drawn special"]


def value(primitive: str, *inputs: Any) -> Callable[[Backend], Any]:
    return lambda k: getattr(k, primitive)(*(k.from_numpy(np.array(x)) for x in inputs))


def gradient(
    function: Callable[[Backend, Any], Any], x: Any, factors: Any
) -> Callable[[Backend], Any]:
    """Of Σ function(x) · factors."""

    def measure(k: Backend) -> Any:
        given = k.from_numpy(np.array(factors))
        evaluate = k.value_and_grad(lambda params: k.sum(function(k, params["x"]) * given))
        return evaluate(k.parameters({"x": np.array(x)}))[1]["x"]

    return measure


def clip(grads: list[float], max_norm: float) -> Callable[[Backend], Any]:
    def measure(k: Backend) -> Any:
        clipped, norm = k.clip_gradients({"g": k.from_numpy(np.array(grads))}, max_norm)
        return [clipped["g"], norm]

    return measure


def dropped(k: Backend, x: Any) -> Any:
    return k.dropout(x, 0.5, k.from_numpy(np.array([0.0, 1.0])))


def output_of_zeros(k: Backend) -> Any:
    params = {"W_hq": k.from_numpy(np.array([[-0.0]])), "b_q": k.from_numpy(np.array([-0.0]))}
    return k.reshape(k.rnn_output(k.from_numpy(np.array([[[1.0]]])), params), (1,))


def rnn_step_by_id(k: Backend) -> Any:
    weights = {"W_xh": [[1.0], [NAN]], "W_hh": [[0.0]], "b_h": [0.0]}
    params = {name: k.from_numpy(np.array(weight)) for name, weight in weights.items()}
    (h,) = k.rnn_step(k.from_numpy(np.array([0])), (k.zeros((1, 1)),), params, "relu")
    return k.reshape(h, (1,))


def relu_layer_of_nan(k: Backend) -> Any:
    network = k.network(rnn=k.rnn_layer(1, 1, "relu"))
    network.load({"W_xh": np.ones((1, 1)), "W_hh": np.zeros((1, 1)), "b_h": np.zeros(1)})
    hiddens, _ = network["rnn"](k.from_numpy(np.array([[[NAN]]])), (k.zeros((1, 1)),))
    return k.reshape(hiddens, (1,))


def undecayed(k: Backend) -> Any:
    """An infinite weight after a step of a trainer without decay."""
    network = k.network(out=k.dense_layer(1, 1))
    network.load({"W": np.array([[INF]]), "b": np.zeros(1)})
    _, grads = k.value_and_grad(lambda network: k.sum(network(k.zeros((1, 1)) + 1)))(network)
    k.trainer(network, 0.25, weight_decay=0.0).step(grads, 1)
    return network.read()["W"].ravel()


def both(given: Any) -> dict[str, Any]:
    return {"mxnet": given, "torch": given}


PINNED = [
    # --- signs of zero ---
    Pinned(
        "the sign of a zero gradient: ReLU",
        "relu",
        gradient(lambda k, x: k.relu(x), [-1.0, 2.0], [-1.0, -1.0]),
        {"numpy": [0.0, -1.0], "mxnet": [-0.0, -1.0], "torch": [0.0, -1.0]},
        "MXNet multiplies the gradient by the slope 0, torch selects a 0, and autograd adds every "
        "gradient of a parameter to 0, where 0 + −0 = 0. A gradient's zeros have no meaningful "
        "sign, so it is not compared anywhere, nor is that of a weight −0 after a step.",
        "mxnet: src/operator/mshadow_op.h, relu_grad; torch: aten/src/ATen/native/Activation.cpp, "
        "threshold_backward; autograd: numpy_vspaces.py, core.py add_outgrads",
        rows("mxnet torch", "forward", "trainer-drawn")
        | rows("mxnet", "forward", "trainer-drawn special"),
        sign_only=True,
    ),
    Pinned(
        "the sign of a zero gradient: dropout",
        "dropout",
        gradient(dropped, [1.0, 1.0], [-1.0, -1.0]),
        {"numpy": [0.0, -2.0], **both([-0.0, -2.0])},
        "Both frameworks multiply the gradient by the mask; autograd adds the product to 0.",
        "autograd: core.py, add_outgrads; IEEE 754-2019, 6.3: 0 + −0 = 0, 0 · −1 = −0",
    ),
    Pinned(
        "ReLU of −0",
        "relu",
        value("relu", [-0.0, 0.0]),
        {"numpy": [0.0, 0.0], "mxnet": [0.0, 0.0], "torch": [-0.0, 0.0]},
        "torch takes the larger of x and 0, which are equal, and keeps x.",
        "torch: aten/src/ATen/native/Activation.cpp, relu = clamp_min(self, 0); mxnet: "
        "src/operator/mshadow_op.h, relu = a > 0 ? a : 0",
        rows("torch", "forward", "relu-negative zero", *drawn("relu")),
        sign_only=True,
    ),
    Pinned(
        "a cross-entropy of 0",
        "softmax_cross_entropy",
        value("softmax_cross_entropy", [[1e4, -1e4]], [0]),
        {"numpy": [0.0], "mxnet": [0.0], "torch": [-0.0]},
        "torch negates log p = 0; the oracle and the MXNet backend subtract logits.",
        "torch: aten/src/ATen/native/LossNLL.cpp, output = −weight · input",
        rows(
            "torch",
            "forward",
            "softmax_cross_entropy-1e4",
            "softmax_cross_entropy-−inf elsewhere",
            "softmax_cross_entropy-largest",
            "softmax_cross_entropy-1 × 1",
            "softmax_cross_entropy-exact one class",
            "softmax_cross_entropy-exact saturated",
            *drawn("softmax_cross_entropy"),
        ),
        sign_only=True,
    ),
    Pinned(
        "a sum of products that are all −0",
        "rnn_output",
        output_of_zeros,
        {"numpy": [0.0], "mxnet": [0.0], "torch": [-0.0]},
        "torch's addmm adds the product to the bias −0; the others add the bias to a sum that "
        "begins at +0.",
        "torch.addmm; BLAS, gemm: C ← α A B + β C; IEEE 754-2019, 6.3",
        rows("torch", "forward", *drawn("rnn_output")),
        sign_only=True,
    ),
    # --- NaN ---
    Pinned(
        "a NaN in a row of weights that no id picks",
        "rnn_step",
        rnn_step_by_id,
        {"numpy": [NAN], **both([1.0])},
        "The book multiplies by a one-hot vector, and 0 · NaN is NaN; the backends pick the row. "
        "Gradients likewise: a NaN reaches every row of W_xh in the oracle, the picked ones in "
        "the frameworks.",
        "book 6.4, to_onehot and rnn; IEEE 754-2019, 6.2",
        rows("mxnet torch", "forward", "rnn_step-NaN in a row that no id picks")
        | rows("mxnet torch", "gradients", "rnn_step-NaN in h, ids"),
    ),
    Pinned(
        "NaN in Gluon's RNN layer with ReLU",
        "rnn_layer",
        relu_layer_of_nan,
        {"numpy": [NAN], "mxnet": [0.0], "torch": [NAN]},
        "The layer's own ReLU is x > 0 ? x : 0, unlike nd.relu, so a NaN becomes 0 without a word.",
        "mxnet: src/operator/rnn_impl.h, relu",
        rows("mxnet", "forward", "rnn_layer-relu NaN in x"),
    ),
    Pinned(
        "the gradient of ReLU at NaN",
        "relu",
        gradient(lambda k, x: k.relu(x), [NAN, 1.0], [2.0, 2.0]),
        {"numpy": [2.0, 2.0], "mxnet": [NAN, 2.0], "torch": [2.0, 2.0]},
        "MXNet's slope at NaN is NaN; torch and the oracle drop the gradient where x ≤ 0, which a "
        "NaN is not.",
        "mxnet: src/operator/mshadow_op.h, relu_grad, IsNan(a) ? a : …; torch: "
        "aten/src/ATen/native/cpu/Activation.cpp, x <= threshold ? value : other",
        rows("mxnet", "gradients", "relu-NaN", "rnn_step-relu NaN in x", "relu-drawn special")
        | rows("mxnet", "forward", "value_and_grad-NaN"),
    ),
    Pinned(
        "a decay of 0 and an infinite weight",
        "trainer",
        undecayed,
        {"numpy": [NAN], "mxnet": [NAN], "torch": [INF]},
        "w − η (g + 0 · w) is NaN for an infinite w; torch leaves a decay of 0 out.",
        "torch: torch/optim/sgd.py, if weight_decay != 0; mxnet: src/operator/optimizer_op-inl.h, "
        "SGDKernel",
        rows("torch", "forward", "trainer-drawn special"),
    ),
    # --- what float32 cannot hold ---
    Pinned(
        "a mean whose sum is too large",
        "mean",
        value("mean", [LARGEST, LARGEST / 2]),
        {"numpy": 0.75 * LARGEST, **both(INF)},
        "Both frameworks divide after the sum, which is above the largest float32; the oracle sums "
        "in float64.",
        "torch: aten/src/ATen/native/ReduceOps.cpp, mean = sum / n; mxnet: "
        "src/operator/tensor/broadcast_reduce_op.h, ReduceAxesComputeImpl with normalize",
        rows("mxnet torch", "forward", "mean-of the largest"),
    ),
    Pinned(
        "a squared loss whose gradient is taken from 2 (ŷ − y)",
        "squared_loss",
        gradient(lambda k, x: k.squared_loss(x, k.zeros((2,))), [2.0**127, 2.0**126], [1.0, 1.0]),
        {
            "numpy": [2.0**127, 2.0**126],
            "torch": [2.0**127, 2.0**126],
            "mxnet": [INF, 2.0**126],
        },
        "The factor 2 of the square's derivative overflows before the ½ takes it back. The loss "
        "itself is infinite already. Lockstep's for torch is a product, not a power.",
        "src/operator/mshadow_op.h, square_grad = 2 a",
        rows("mxnet", "gradients", "squared_loss-largest"),
    ),
    Pinned(
        "a perplexity that is too large",
        "perplexity",
        gradient(lambda k, x: k.perplexity(x), [89.0], 2.0**-8),
        {"numpy": [float(np.exp(89.0)) / 2**8], **both([INF])},
        "exp(89) is above the largest float32, and its derivative is taken from that result. The "
        "oracle's result is in float64.",
        "torch: tools/autograd/derivatives.yaml, exp: grad · result; mxnet: "
        "src/operator/tensor/elemwise_unary_op_logexp.cc, exp with _backward_mul",
        rows("mxnet torch", "gradients", "perplexity-overflow"),
    ),
    Pinned(
        "a sigmoid below the smallest normal number",
        "sigmoid",
        value("sigmoid", [-89.0, -88.0]),
        {
            "numpy": [1 / (1 + float(np.exp(89.0))), 1 / (1 + float(np.exp(88.0)))],
            **both([0.0, float(np.float32(1 / (1 + np.exp(88.0))))]),
        },
        "Both frameworks compute 1 / (1 + exp(−x)), and exp(89) overflows; the oracle's 2.2e-39 is "
        "a subnormal float32.",
        "torch: aten/src/ATen/native/cpu/UnaryOpsKernel.cpp, sigmoid_kernel; mxnet: "
        "src/operator/mshadow_op.h, sigmoid",
        rows("mxnet torch", "forward", "sigmoid-a subnormal sigmoid")
        | rows("mxnet torch", "gradients", "sigmoid-a subnormal sigmoid"),
    ),
    Pinned(
        "clipping where the norm's square is too large",
        "clip_gradients",
        clip([3 * 2.0**66, 4 * 2.0**66], 5),
        {"numpy": [[3.0, 4.0], 5 * 2.0**66], **both([[0.0, 0.0], INF])},
        "From gradients of about 2⁶⁴ on, Σ g² is infinite in float32, and θ / ∞ = 0: the step is "
        "lost without a word, as in the book's own code. The oracle sums in float64.",
        "book 6.4, grad_clipping; IEEE 754-2019, 7.4. float32 ends at 3.4e38 = (1.8e19)²",
        rows("mxnet torch", "forward", *(f"clip_gradients-1e+{e}" for e in (20, 25, 30))),
    ),
    Pinned(
        "clipping where the norm's square is too small",
        "clip_gradients",
        clip([3 * 2.0**-100, 4 * 2.0**-100], 5 * 2.0**-110),
        {
            "numpy": [[3 * 2.0**-110, 4 * 2.0**-110], 5 * 2.0**-100],
            **both([[3 * 2.0**-100, 4 * 2.0**-100], 0.0]),
        },
        "Below about 2⁻⁷⁵ a square is 0 in float32, so the norm is 0 and nothing is clipped.",
        "IEEE 754-2019, 7.5. float32's smallest number is 1.4e-45 = (3.7e-23)²",
        rows("mxnet torch", "forward", "clip_gradients-1e-30 above the threshold"),
    ),
    *(Pinned(**default) for default in DEFAULTS),
]

PINNED_ROWS = {row: pinned for pinned in PINNED for row in pinned.rows}


def main() -> None:
    for pinned in PINNED:
        print(f"{pinned.primitive}: {pinned.name}")
        for backend, behaviour in pinned.behaviours.items():
            print(f"  {backend}: {behaviour}")
        print(f"  {pinned.cause}\n  {pinned.source}\n")


if __name__ == "__main__":
    main()
