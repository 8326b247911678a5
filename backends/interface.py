"""The contract: every primitive an experiment may use, once, with its formula.

A backend is this class implemented for one framework, in that framework's own
arrays, without a wrapper around them. Experiments receive a backend as an
argument and never import a framework.

Notation: n is the batch size |B|, T the number of steps, d inputs, h hidden
units, q outputs. Parameters are a ``dict`` from canonical names (``W_xh``, ``b_h``)
to arrays, or a `Network` of the framework's own layers. Every function that
updates arrays returns the updated ones, so that a framework whose arrays cannot
be changed in place fits too: use the returned value, never the argument.

"Book" is *Dive into Deep Learning*, https://zh.d2l.ai (chapter numbers of the
first, MXNet edition).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

Array = Any
"""An array of the framework itself."""

Parameters = dict[str, Array]
State = tuple[Array, ...]
Weights = Mapping[str, np.ndarray]


class Network(ABC):
    """The framework's own layers under canonical parameter names and shapes.

    A dense weight is canonically (inputs, outputs), as the book writes X W + b,
    whatever shape the framework stores.
    """

    @abstractmethod
    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The layer of that name, to be called on arrays."""

    @abstractmethod
    def __call__(self, inputs: Array) -> Array:
        """All layers in the order they were given, each on the output of the one before."""

    @abstractmethod
    def read(self) -> dict[str, np.ndarray]:
        """A copy of all parameters, by canonical name, in canonical shape."""

    @abstractmethod
    def load(self, weights: Weights) -> None:
        """Set all parameters. A recurrent layer's second bias may be missing and is then zero.

        Raises InputError for a missing or unknown name or a wrong shape.
        """

    @abstractmethod
    def read_gradients(self, grads: Parameters) -> dict[str, np.ndarray]:
        """A copy of gradients from `Backend.value_and_grad`, by canonical name and in its shape."""


class Trainer(ABC):
    """The framework's own SGD optimiser on a `Network`."""

    @abstractmethod
    def step(self, grads: Parameters, batch_size: int) -> None:
        """Update every parameter: w ← w − η (g / |B| + λ w).

        The frameworks do not divide λ by |B|; `Backend.sgd` does, as the book's formula has it.
        """


@dataclass(frozen=True)
class Backend(ABC):
    """One framework on one device in one precision; immutable.

    device: "cpu" or "cuda". dtype: "float32", "float64" or, by torch on a GPU alone, "tf32":
    float32, but products round their factors to 11 bits, in all of the process.
    Raises InputError for a device that is not there or another dtype.
    """

    name: ClassVar[str]
    device: str = "cpu"
    dtype: str = "float32"

    # --- the framework -------------------------------------------------------

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """The framework's version."""

    @classmethod
    @abstractmethod
    def devices(cls) -> tuple[str, ...]:
        """The devices this framework can compute on here, "cpu" first."""

    @abstractmethod
    def num_threads(self) -> int:
        """CPU threads that the framework's operations run on, read back or counted; 0: unknown."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until everything asked for so far has been computed."""

    @abstractmethod
    def seed(self, seed: int) -> None:
        """Seed the framework's own random stream: of `random_dropout` and dropout layers alone."""

    # --- arrays --------------------------------------------------------------

    @abstractmethod
    def from_numpy(self, array: Any) -> Array:
        """A copy as the framework's array: floats in `dtype`, integers as indices."""

    @abstractmethod
    def to_numpy(self, array: Array) -> np.ndarray:
        """A copy as a NumPy array, outside any gradient; waits for the value."""

    @abstractmethod
    def parameters(self, weights: Weights) -> Parameters:
        """A copy of the weights as arrays that can be differentiated and updated."""

    @abstractmethod
    def detach(self, state: State) -> State:
        """The same values, cut off from the computation that made them (book 6.4)."""

    @abstractmethod
    def zeros(self, shape: Sequence[int]) -> Array:
        """An array of zeros."""

    @abstractmethod
    def one_hot(self, ids: Array, size: int) -> Array:
        """Integer ids of any shape → the same shape plus an axis of `size`, 1 at the id (book 6.4).

        Raises InputError for an id outside [0, size).
        """

    @abstractmethod
    def concat(self, arrays: Sequence[Array], axis: int) -> Array:
        """Join arrays along an existing axis; no default, since the frameworks' defaults differ."""

    @abstractmethod
    def take_rows(self, array: Array, ids: Array) -> Array:
        """Rows of an (m, k) array: integer ids of shape s → s + (k,), as one_hot(ids, m) · array.

        Raises InputError for an id outside [0, m).
        """

    @abstractmethod
    def reshape(self, array: Array, shape: Sequence[int]) -> Array:
        """The same elements in row-major order in another shape; one length may be −1."""

    @abstractmethod
    def argmax(self, array: Array, axis: int) -> Array:
        """Integer positions of the largest elements along an axis, the first one among equals."""

    @abstractmethod
    def sum(self, array: Array) -> Array:
        """Σ of all elements, a scalar array."""

    @abstractmethod
    def mean(self, array: Array) -> Array:
        """The mean of all elements, a scalar array."""

    # --- model ---------------------------------------------------------------

    @abstractmethod
    def linear(self, inputs: Array, weight: Array, bias: Array | None = None) -> Array:
        """X W + b: (…, d) and (d, q) and (q,) → (…, q) (book 3.1)."""

    @abstractmethod
    def relu(self, x: Array) -> Array:
        """max(x, 0); its gradient at 0 is 0 (book 3.8)."""

    @abstractmethod
    def tanh(self, x: Array) -> Array:
        """(1 − e^(−2x)) / (1 + e^(−2x)) (book 3.8)."""

    @abstractmethod
    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + e^(−x)) (book 3.8)."""

    @abstractmethod
    def dropout(self, x: Array, p: float, mask: Array) -> Array:
        """Inverted dropout with a given mask ξ of zeros and ones: ξ x / (1 − p) (book 3.13).

        p = 0 → x whatever the mask, p = 1 → zeros. Raises InputError for p outside [0, 1].
        """

    @abstractmethod
    def random_dropout(self, x: Array, p: float) -> Array:
        """`dropout` with a mask from the framework's own random stream, for speed runs.

        Raises InputError for p outside [0, 1].
        """

    @abstractmethod
    def rnn_step(
        self, inputs: Array, state: State, params: Parameters, activation: str = "tanh"
    ) -> State:
        """H_t = φ(X_t W_xh + H_{t−1} W_hh + b_h) (book 6.2).

        inputs: (n, d), or integer ids (n,) that stand for one-hot rows. state: (H,), H (n, h).
        params: W_xh (d, h), W_hh (h, h), b_h (h,). activation: "tanh" or "relu".
        Raises InputError for another activation or an id outside [0, d).
        """

    @abstractmethod
    def rnn(
        self, inputs: Array, state: State, params: Parameters, activation: str = "tanh"
    ) -> tuple[Array, State]:
        """`rnn_step` over a whole sequence → hidden states (T, n, h) and the final state.

        inputs: (T, n, d), or integer ids (T, n); T may be 0. Raises as `rnn_step`.
        """

    @abstractmethod
    def gru_step(
        self, inputs: Array, state: State, params: Parameters, reset: str = "before"
    ) -> State:
        """R_t, Z_t = σ(X_t W_x· + H_{t−1} W_h· + b_·) for the gates r (reset) and z (update),
        H̃_t = tanh(X_t W_xh + (R_t ⊙ H_{t−1}) W_hh + b_h),
        H_t = Z_t ⊙ H_{t−1} + (1 − Z_t) ⊙ H̃_t (book 6.7).

        inputs: (n, d), or integer ids (n,) that stand for one-hot rows. state: (H,), H (n, h).
        params: W_xr, W_xz, W_xh (d, h), W_hr, W_hz, W_hh (h, h), b_r, b_z, b_h (h,).
        reset "after" resets behind the product, as the frameworks' layers do:
        H̃_t = tanh(X_t W_xh + b_h + R_t ⊙ (H_{t−1} W_hh + b_hh)), b_hh (h,) or missing and zero.
        Raises InputError for another reset or an id outside [0, d).
        """

    @abstractmethod
    def gru(
        self, inputs: Array, state: State, params: Parameters, reset: str = "before"
    ) -> tuple[Array, State]:
        """`gru_step` over a whole sequence → hidden states (T, n, h) and the final state.

        inputs: (T, n, d), or integer ids (T, n); T may be 0. Raises as `gru_step`.
        """

    @abstractmethod
    def lstm_step(self, inputs: Array, state: State, params: Parameters) -> State:
        """I_t, F_t, O_t = σ(X_t W_x· + H_{t−1} W_h· + b_·) for the gates i (input), f (forget) and
        o (output), C̃_t = tanh(X_t W_xc + H_{t−1} W_hc + b_c),
        C_t = F_t ⊙ C_{t−1} + I_t ⊙ C̃_t, H_t = O_t ⊙ tanh(C_t) (book 6.8).

        inputs: (n, d), or integer ids (n,) that stand for one-hot rows. state: (H, C), each (n, h).
        params: W_xi, W_xf, W_xo, W_xc (d, h), W_hi, W_hf, W_ho, W_hc (h, h), b_i, b_f, b_o, b_c
        (h,). Raises InputError for an id outside [0, d).
        """

    @abstractmethod
    def lstm(self, inputs: Array, state: State, params: Parameters) -> tuple[Array, State]:
        """`lstm_step` over a whole sequence → hidden states (T, n, h) and the final state (H, C).

        inputs: (T, n, d), or integer ids (T, n); T may be 0. Raises as `lstm_step`.
        """

    @abstractmethod
    def rnn_output(self, hiddens: Array, params: Parameters) -> Array:
        """H W_hq + b_q for every step: (T, n, h) → (T n, q), step by step (book 6.4)."""

    # --- losses --------------------------------------------------------------

    @abstractmethod
    def squared_loss(self, predictions: Array, targets: Array) -> Array:
        """½ Σ_j (ŷ_ij − y_ij)² for every sample i: (n, q) or (n,) → (n,) (book 3.1).

        Raises InputError if the shapes differ: (n, 1) against (n,) would broadcast to (n, n).
        """

    @abstractmethod
    def softmax_cross_entropy(self, logits: Array, labels: Array) -> Array:
        """−log softmax(o)_y for every sample: (n, q) and integer (n,) → (n,) (book 3.4).

        Finite for any |logit| up to 1e4. Raises InputError for a label outside [0, q).
        """

    @abstractmethod
    def l2_penalty(self, weight: Array) -> Array:
        """½ Σ w², a scalar array (book 3.12)."""

    @abstractmethod
    def perplexity(self, losses: Array) -> Array:
        """exp of the mean cross-entropy, a scalar array, at least 1 (book 6.4)."""

    # --- optimisation --------------------------------------------------------

    @abstractmethod
    def value_and_grad(
        self, objective: Callable[..., Any], has_aux: bool = False
    ) -> Callable[..., tuple[Any, Parameters]]:
        """A function (params, *args) → (objective(params, *args), gradients by canonical name).

        The objective returns a scalar loss, or (loss, anything) with has_aux. params is a dict or
        a `Network`, whose gradients come in its own form, see `Network.read_gradients`, and whose
        dropout layers drop only inside this call. A parameter the loss does not depend on has
        gradient zero. Gradients are in the order of params and valid until the next call. An array
        among args is a constant, also where it is a parameter.

        A `State` among args that an earlier call computed and nobody detached is a constant in
        MXNet and the oracle, so the gradients are those after `detach`. In torch it still belongs
        to that call's graph, which is freed: raises InputError.

        Build the function once and reuse it. A backend may record the objective, for which it is
        called once more, and replay it for arguments of the same shapes: the objective should
        follow from params and args alone, and neither branch on their values nor compute with
        numbers read of them, as by `to_numpy`.
        """

    @abstractmethod
    def clip_gradients(self, grads: Parameters, max_norm: float | None) -> tuple[Parameters, Array]:
        """g ← g θ / ‖g‖ if ‖g‖ > θ → (g, ‖g‖ before clipping) (book 6.4).

        ‖g‖ = √(Σ g²) over all parameters together, without an epsilon; a NaN norm leaves g
        as it is. max_norm None turns clipping off.
        Raises InputError for θ ≤ 0.
        """

    @abstractmethod
    def sgd(
        self,
        params: Parameters,
        grads: Parameters,
        learning_rate: float,
        batch_size: int = 1,
        weight_decay: float = 0.0,
    ) -> Parameters:
        """w ← (1 − η λ / |B|) w − (η / |B|) g → the updated parameters (book 3.12).

        λ acts on weights, the parameters with two or more axes; biases are never decayed.
        """

    # --- the framework's own layers ("concise") --------------------------------

    @abstractmethod
    def dense_layer(
        self, num_inputs: int, num_outputs: int, weight: str = "W", bias: str = "b"
    ) -> Any:
        """`linear` as a layer whose parameters carry the given canonical names."""

    @abstractmethod
    def dropout_layer(self, p: float) -> Any:
        """`random_dropout` as a layer that drops in training only, see `value_and_grad`."""

    @abstractmethod
    def rnn_layer(self, num_inputs: int, num_hiddens: int, activation: str) -> Any:
        """`rnn` on dense inputs as a layer (inputs, state) → (hiddens, state).

        The frameworks' layers carry two biases: parameters W_xh, W_hh, b_h (added to X W_xh) and
        b_hh (added to H W_hh). Their defaults differ (ReLU in Gluon, tanh in torch), so the
        activation is required. T ≥ 1.
        """

    @abstractmethod
    def gru_layer(self, num_inputs: int, num_hiddens: int) -> Any:
        """`gru` with reset "after" on dense inputs as a layer (inputs, state) → (hiddens, state).

        Second biases as in `rnn_layer`: b_hr and b_hz add to b_r and b_z, b_hh is reset with
        H W_hh. The frameworks' layers reset after the product, the book before it, so the same
        numbers give other results than `gru` by default. T ≥ 1.
        """

    @abstractmethod
    def lstm_layer(self, num_inputs: int, num_hiddens: int) -> Any:
        """`lstm` on dense inputs as a layer (inputs, state) → (hiddens, state).

        Second biases b_hi, b_hf, b_ho, b_hc as in `rnn_layer`. T ≥ 1.
        """

    @abstractmethod
    def network(self, **layers: Any) -> Network:
        """The layers as one `Network`, parameters zero until loaded.

        Raises InputError where two layers give a parameter the same name.
        """

    @abstractmethod
    def trainer(
        self,
        network: Network,
        learning_rate: float,
        weight_decay: float = 0.0,
        bias_decay: float = 0.0,
    ) -> Trainer:
        """SGD with one decay for weights and another for biases, see `Trainer.step`."""
