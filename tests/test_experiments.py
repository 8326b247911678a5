"""The experiments themselves: what they compute, and that they name no framework."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from backends import InputError, backend_names, get_backend
from experiments import EXPERIMENTS, load_experiment, rnn, weight_decay
from experiments.training import Epoch

FOLDER = Path(rnn.__file__).parent


def epochs(module, backend, config):
    return [e for e in module.run(get_backend(backend), config) if isinstance(e, Epoch)]


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.py")), ids=lambda p: str(p.relative_to(FOLDER))
)
def test_no_file_of_the_experiments_names_a_framework(path):
    frameworks = set(backend_names()) - {"numpy"} | {"gluon", "autograd", "jax", "tensorflow"}
    words = set(re.findall(r"[a-z]+", path.read_text().lower()))
    assert not words & frameworks


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_is_complete(name):
    module = load_experiment(name)
    config = module.Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 1
    for part in ("book_config", "prepare", "build", "run", "schedule"):
        assert callable(getattr(module, part))
    assert set(module.SHOWN) | set(module.PLOTTED)


@pytest.mark.parametrize("backend", backend_names())
@pytest.mark.parametrize("style", ["scratch", pytest.param("concise", marks=pytest.mark.slow)])
def test_weight_decay_shrinks_the_weights_as_in_the_book(backend, style):
    both = epochs(weight_decay, backend, weight_decay.Config(style=style))
    free, decayed = both[:100], both[100:]
    assert [(e.part, e.number) for e in free] == [("λ = 0", n + 1) for n in range(100)]
    assert [(e.part, e.number) for e in decayed] == [("λ = 3", n + 1) for n in range(100)]
    assert 0.02 < decayed[-1].evaluate()["‖w‖"] < 0.06  # the book: 0.041 and 0.033
    assert 11 < free[-1].evaluate()["‖w‖"] < 15  # the book: 11.6 and 13.3
    assert free[-1].evaluate()["train loss"] < 1e-3 < 1 < free[-1].evaluate()["test loss"]


def test_the_two_forms_of_decay_differ_once_a_batch_holds_two_samples():
    def norm(style):
        config = weight_decay.Config(style=style, batch_size=2, num_epochs=50, weight_decay=(3.0,))
        return epochs(weight_decay, "torch", config)[-1].evaluate()["‖w‖"]

    assert norm("scratch") > 1.5 * norm("concise")


@pytest.mark.parametrize("decays", [(), (3.0, 3.0), (3.0, 3.0000001)])
def test_two_decays_that_print_alike_would_be_one_part(decays):
    message = re.escape(f"weight_decay = {decays} is not allowed: give one or more different")
    with pytest.raises(InputError, match=message):
        weight_decay.Config(weight_decay=decays)


@pytest.mark.parametrize("decay", [-1.0, float("nan"), float("inf")])
def test_every_decay_is_checked(decay):
    with pytest.raises(InputError, match=f"weight_decay = {decay} is not allowed: give 0 or a"):
        weight_decay.Config(weight_decay=(3.0, decay))


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(InputError, match="batch_size = 21 is more than the data"):
        weight_decay.Config(batch_size=21)
