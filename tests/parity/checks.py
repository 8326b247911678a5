"""What `pytest tests/parity` holds one primitive to, as a list of named checks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import pytest

from backends.interface import Backend
from tests.parity import test_backends as basics
from tests.parity import test_dropout as dropout
from tests.parity import test_edges as edges
from tests.parity import test_exact as exact
from tests.parity import test_input_errors as errors
from tests.parity import test_layers as layers
from tests.parity import test_memory as memory
from tests.parity import test_optimisers as optimisers
from tests.parity import test_value_and_grad as gradients
from tests.parity.case import Case
from tests.parity.cases import CASES
from tests.parity.check import DIRECTIONS, check, check_forward, check_gradients
from tests.parity.test_parity import precision
from tests.parity.wrong import Wrong

Test = Callable[..., None]


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[Backend], None]

    def __str__(self) -> str:
        return self.name


ROWS = CASES

COPIES = [
    basics.test_numbers_go_in_and_out_as_copies,
    basics.test_integers_go_in_and_out_as_copies,
]
LAYOUTS = [
    basics.test_floats_have_the_dtype_and_integers_are_indices,
    basics.test_booleans_become_floats,
    basics.test_numbers_arrive_whole_whatever_their_layout,
    basics.test_special_numbers_arrive_as_they_are,
    basics.test_an_id_too_large_for_the_framework_is_refused,
]
IDS: list[Test] = [errors.test_id_out_of_range]
LAYER: list[Test] = [
    layers.test_scratch_and_concise_compute_the_same,
    layers.test_every_backend_reads_what_it_loaded,
    layers.test_gradients_are_read_in_canonical_shape,
    layers.test_a_second_load_replaces_everything,
]

# Tests beside the rows of cases.py. One that is not about the primitive only costs time.
TESTS: dict[str, list[Test]] = {
    "version": [basics.test_version_is_the_installed_one],
    "devices": [basics.test_devices_begin_with_the_cpu, basics.test_every_device_named_can_compute],
    "num_threads": [basics.test_num_threads_follows_the_environment],
    "synchronize": [basics.test_synchronize_waits_and_returns_nothing],
    "seed": [dropout.test_seed, dropout.test_masks_differ_from_call_to_call],
    "from_numpy": [*COPIES, *LAYOUTS],
    "to_numpy": [*COPIES, *LAYOUTS],
    "parameters": COPIES,
    "detach": [gradients.test_state_carried_over_a_call_is_cut_off],
    "zeros": [memory.test_zeros_are_new_at_every_call],
    "one_hot": IDS,
    "take_rows": IDS,
    "dropout": [errors.test_dropout_probability],
    "random_dropout": [
        errors.test_dropout_probability,
        dropout.test_random_dropout,
        dropout.test_gradient_passes_where_elements_were_kept,
        dropout.test_masks_differ_from_call_to_call,
        dropout.test_neighbours_are_dropped_independently,
        dropout.test_seed,
    ],
    # Rows take sums for their gradients: two signs that are wrong make one that is right.
    "sum": [gradients.test_gradients_do_not_accumulate],
    **{cell: [*IDS, errors.test_unknown_activation] for cell in ("rnn_step", "rnn")},
    **{cell: [*IDS, errors.test_unknown_reset] for cell in ("gru_step", "gru")},
    **dict.fromkeys(("lstm_step", "lstm"), IDS),
    "squared_loss": [errors.test_squared_loss_of_different_shapes],
    "softmax_cross_entropy": [*IDS, basics.test_a_huge_logit_gives_a_finite_loss_and_gradient],
    "value_and_grad": [test for name, test in vars(gradients).items() if name.startswith("test_")],
    "clip_gradients": [
        errors.test_clip_norm,
        optimisers.test_clipping_leaves_a_norm_up_to_the_threshold_alone,
        optimisers.test_clipping_scales_a_norm_above_the_threshold,
        optimisers.test_clipping_leaves_gradients_with_nan_alone,
    ],
    "sgd": [
        optimisers.test_sgd_is_the_formula_of_the_book,
        gradients.test_gradients_follow_an_update,
        memory.test_updates_follow_from_their_arguments_alone,
    ],
    "dropout_layer": [
        errors.test_dropout_probability,
        dropout.test_layer_drops_in_training,
        dropout.test_layer_drops_in_training_only,
        dropout.test_layer_does_not_drop_while_another_model_trains,
        dropout.test_layer_that_drops_nothing_or_everything,
    ],
    "rnn_layer": [errors.test_unknown_activation, *LAYER],
    "gru_layer": LAYER,
    "lstm_layer": LAYER,
    "network": [
        errors.test_weights_that_do_not_fit,
        *COPIES,
        *LAYER,
        layers.test_an_unknown_layer_is_a_key_error,
        layers.test_two_parameters_of_one_name_are_refused,
        memory.test_loading_leaves_the_weights_alone,
    ],
    "trainer": [
        optimisers.test_trainer_does_not_divide_decay_by_the_batch_size,
        optimisers.test_trainer_takes_the_gradients_it_is_given,
        optimisers.test_trainer_decays_a_layer_the_loss_does_not_depend_on,
    ],
}


def variants(test: Test) -> Iterator[Check]:
    """A test of this folder once for each of its parameters."""
    choices = []
    for mark in getattr(test, "pytestmark", []):
        assert mark.name == "parametrize"
        names, rows = mark.args
        if isinstance(names, str):
            choices.append([{names: value} for value in rows])
        else:
            choices.append([dict(zip(names, row, strict=True)) for row in rows])
    for chosen in product(*choices):
        given: dict[str, Any] = {name: value for part in chosen for name, value in part.items()}
        (fixture,) = {"backend", "framework"} & set(inspect.signature(test).parameters)
        label = "-".join(getattr(value, "__name__", str(value)) for value in given.values())
        name = f"{test.__name__}[{label}]" if label else test.__name__
        yield Check(
            name,
            lambda backend, test=test, given=given, fixture=fixture: test(
                **{fixture: backend}, **given
            ),
        )


def in_float64(case: Case, direction: str, backend: Backend) -> None:
    wide = type(backend)(dtype="float64")
    check(case, direction, wide, precision(backend, case, "float64"))


def of_row_in_float64(case: Case) -> Iterator[Check]:
    for direction in DIRECTIONS:
        if getattr(case, direction) is not None:
            yield Check(f"{case} {direction} in float64", partial(in_float64, case, direction))


def of_row(case: Case) -> Iterator[Check]:
    if not is_slow(case, "forward"):
        yield Check(f"{case} forward", partial(check_forward, case))
    if case in memory.SMALL:
        yield Check(f"{case} arguments", partial(memory.test_arguments_stay_as_they_are, case=case))
    if case.gradients is not None and not is_slow(case, "gradients"):
        yield Check(f"{case} gradients", partial(check_gradients, case))


def to_the_bit(primitive: str) -> Iterator[Check]:
    for direction, rows, test in (
        ("forward", exact.TIER, exact.test_forward),
        ("gradients", exact.DIFFERENTIABLE, exact.test_gradients),
    ):
        for case in rows:
            if case.primitive == primitive and not is_large(case):
                yield Check(f"{case} {direction} to the bit", partial(test, case=case))


def at_the_edges(primitive: str) -> Iterator[Check]:
    for case, direction in edges.ROWS:
        if case.primitive == primitive:
            run = partial(edges.test_edge, case=case, direction=direction)
            yield Check(f"{case} {direction} at the edge", run)


def is_large(case: Case) -> bool:
    return "book" in case.id


def is_slow(case: Case, direction: str) -> bool:
    """Whether the direction rests on Monte Carlo arithmetic at the book's sizes."""
    return is_large(case) and getattr(case, direction) == "envelope"


def rows_of(primitive: str) -> list[Case]:
    rows = [case for case in ROWS if case.primitive == primitive]
    if primitive == "network":  # every row of a layer has one
        rows += [case for case in ROWS if case.primitive.endswith("_layer")]
    return rows


def checks_of(primitive: str, large: bool = True) -> Iterator[Check]:
    """From small to large, so that most mistakes are found at once."""
    rows = rows_of(primitive)
    for case in rows:
        if not is_large(case):
            yield from of_row(case)
    for test in TESTS.get(primitive, []):
        yield from variants(test)
    yield from to_the_bit(primitive)
    yield from at_the_edges(primitive)
    for case in rows:
        if not is_large(case):
            yield from of_row_in_float64(case)
    for case in rows if large else ():
        if is_large(case):
            yield from of_row(case)


def caught_by(wrong: Wrong, backend: Backend, large: bool = True) -> Check | None:
    """The first check that fails. An error is no failure: such a mistake tests nothing."""
    for held_to in checks_of(wrong.primitive, large):
        try:
            held_to.run(wrong.on(backend))  # a new one, since some remember
        except (AssertionError, pytest.fail.Exception):
            return held_to
    return None
