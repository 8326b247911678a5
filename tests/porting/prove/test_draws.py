"""The same draw in both frameworks gives the same numbers, and another draw others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porting.prove.compare import DIFFERS, EQUAL, Result
from porting.prove.draws import ROUNDING, Draws
from porting.prove.proof import Program, judged, prepared
from porting.prove.runs import Runs
from porting.prove.units import parts
from tests.conftest import backend_or_skip
from tests.statistics import assert_mean, assert_share, assert_standard_deviation

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Draw:
    """An expression in MXNet, the same draw in PyTorch, and another one."""

    name: str
    mxnet: str
    torch: str
    other: str


MXNET = """
import random
import numpy as np
import mxnet as mx
from mxnet import autograd, gluon, init, nd
from mxnet.gluon import data as gdata, nn
def weight(rule, *shape):
    made = nd.zeros(shape)
    rule(mx.init.InitDesc('w_weight'), made)
    return made
def recorded(function, *arguments):
    with autograd.record():
        return function(*arguments)
def filled(shape, draw):
    made = nd.zeros(shape)
    draw(out=made)
    return made
def mixed(array):
    mx.np.random.shuffle(array)
    return array
def dealt(values):
    np.random.shuffle(values)
    return values
"""
TORCH = """
import random
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils import data as gdata
def weight(rule, *shape):
    made = torch.zeros(shape)
    rule(made)
    return made
def dealt(values):
    np.random.shuffle(values)
    return values
"""
DRAWS = [
    Draw("normal", "nd.random.normal(1, 2, shape=(2, 3))", "torch.normal(1.0, 2.0, size=(2, 3))", "torch.normal(1.0, 2.5, size=(2, 3))"),
    Draw("normal_named", "nd.random.normal(scale=0.5, shape=(2, 4))", "torch.empty((2, 4)).normal_(std=0.5)", "torch.empty((2, 4)).normal_(mean=0.5)"),
    Draw("normal_out", "filled((2, 5), lambda out: nd.random.normal(0, 2, out=out))", "torch.normal(0.0, 2.0, size=(2, 5), out=torch.empty((2, 5)))", "torch.zeros((2, 5))"),
    Draw("normal_arrays", "nd.random.normal(nd.array([0, 9]), nd.array([1, 2]), shape=3)", "torch.normal(torch.tensor([[0.0] * 3, [9.0] * 3]), torch.tensor([[1.0] * 3, [2.0] * 3])) + torch.zeros((2, 3))", "torch.normal(torch.tensor([[0.0] * 3, [8.0] * 3]), torch.tensor([[1.0] * 3, [2.0] * 3]))"),
    Draw("randn", "nd.random.randn(2, 6)", "torch.randn(2, 6)", "torch.rand(2, 6)"),
    Draw("randn_like", "nd.random.normal(shape=(2, 7))", "torch.randn_like(torch.zeros((2, 7)))", "torch.rand_like(torch.zeros((2, 7)))"),
    Draw("old_name", "nd.random_normal(0, 1, shape=(2, 8))", "torch.randn((2, 8))", "2 * torch.randn((2, 8))"),
    Draw("uniform", "nd.random.uniform(-1, 1, shape=(3, 3))", "torch.empty((3, 3)).uniform_(-1, 1)", "torch.empty((3, 3)).uniform_(-1, 2)"),
    Draw("uniform_named", "nd.random.uniform(low=-2, high=1, shape=(3, 4))", "torch.empty((3, 4)).uniform_(**{'to': 1, 'from': -2})", "torch.empty((3, 4)).uniform_(-1)"),
    Draw("uniform_plain", "nd.random.uniform(shape=(3, 5))", "torch.rand(3, 5)", "torch.randn(3, 5)"),
    Draw("uniform_one", "nd.uniform(0, 3)", "3 * torch.rand(1)", "torch.rand(1)"),
    Draw("two_of_a_kind", "nd.random.uniform(shape=(3, 6)) - nd.random.uniform(shape=(3, 6))", "torch.rand((3, 6)) - torch.rand((3, 6))", "torch.rand((3, 6)) + torch.rand((3, 6))"),
    Draw("randint", "nd.random.randint(0, 9, shape=(4, 2))", "torch.randint(0, 9, (4, 2))", "torch.randint(0, 8, (4, 2))"),
    Draw("randint_named", "nd.random.randint(2, 9, shape=(4, 3))", "torch.randint(low=2, high=9, size=(4, 3))", "torch.randint(low=1, high=9, size=(4, 3))"),
    Draw("randint_short", "nd.random.randint(0, 5, shape=(4, 4))", "torch.randint(5, (4, 4))", "torch.randint(6, (4, 4))"),
    Draw("shuffle", "nd.random.shuffle(nd.arange(17))", "torch.arange(17.0)[torch.randperm(17)]", "torch.arange(17.0)"),
    Draw("multinomial", "nd.random.multinomial(nd.array([0.1, 0.2, 0.7]), shape=20)", "torch.multinomial(torch.tensor([0.1, 0.2, 0.7]), 20, replacement=True)", "torch.multinomial(torch.tensor([0.7, 0.2, 0.1]), 20, replacement=True)"),
    Draw("multinomial_rows", "nd.sample_multinomial(nd.array([[0.5, 0.5], [0.9, 0.1]]), shape=30)", "torch.tensor([[0.5, 0.5], [0.9, 0.1]]).multinomial(30, True)", "torch.tensor([[0.5, 0.5], [0.1, 0.9]]).multinomial(30, True)"),
    Draw("exponential", "nd.random.exponential(2, shape=(2, 9))", "torch.empty((2, 9)).exponential_(0.5)", "torch.empty((2, 9)).exponential_(2)"),
    Draw("poisson", "nd.random.poisson(4, shape=(21,))", "torch.poisson(torch.full((21,), 4.0))", "torch.poisson(torch.full((21,), 5.0))"),
    Draw("bernoulli", "nd.random.uniform(shape=(3, 8)) < 0.5", "torch.bernoulli(torch.full((3, 8), 0.5))", "torch.empty((3, 8)).bernoulli_(0.1)"),
    Draw("np_normal", "mx.np.random.normal(1, 2, size=(2, 10))", "torch.normal(1.0, 2.0, size=(2, 10))", "torch.normal(2.0, 2.0, size=(2, 10))"),
    Draw("np_uniform", "mx.np.random.uniform(-1, 1, size=(3, 9))", "2 * torch.rand((3, 9)) - 1", "torch.rand((3, 9))"),
    Draw("np_randn", "mx.np.random.randn(2, 11)", "torch.randn(2, 11)", "-torch.randn(2, 11)"),
    Draw("np_randint", "mx.np.random.randint(0, 9, size=(4, 5))", "torch.randint(0, 9, (4, 5))", "torch.randint(0, 7, (4, 5))"),
    Draw("np_shuffle", "mixed(mx.np.arange(18))", "torch.arange(18.0)[torch.randperm(18)]", "torch.arange(18.0)"),
    Draw("numpy", "np.random.normal(size=3)", "np.random.normal(size=3)", "np.random.normal(size=3) + np.random.normal(size=3)"),
    Draw("dropout", "recorded(nd.Dropout, nd.ones((3, 10)), 0.3)", "F.dropout(torch.ones((3, 10)), 0.3)", "F.dropout(torch.ones((3, 10)), 0.7)"),
    Draw("dropout_layer", "recorded(nn.Dropout(0.4), nd.ones((3, 11)))", "nn.Dropout(0.4)(torch.ones((3, 11)))", "nn.Dropout(0.4).eval()(torch.ones((3, 11)))"),
    Draw("dropout_axes", "recorded(nn.Dropout(0.5, axes=(1,)), nd.ones((12, 2)))", "torch.ones((12, 2)) * F.dropout(torch.ones((12, 1)), 0.5)", "F.dropout(torch.ones((12, 2)), 0.5)"),
    Draw("dropout_all", "recorded(nd.Dropout, nd.ones((3, 12)), 1)", "F.dropout(torch.ones((3, 12)), 1.0)", "F.dropout(torch.ones((3, 12)), 0.0)"),
    Draw("init_normal", "weight(init.Normal(0.3), 4, 6)", "weight(lambda w: nn.init.normal_(w, std=0.3), 4, 6)", "weight(nn.init.normal_, 4, 6)"),
    Draw("init_uniform", "weight(init.Uniform(0.2), 4, 7)", "weight(lambda w: nn.init.uniform_(w, -0.2, 0.2), 4, 7)", "weight(nn.init.uniform_, 4, 7)"),
    Draw("init_xavier", "weight(init.Xavier(), 4, 8)", "weight(nn.init.xavier_uniform_, 4, 8)", "weight(nn.init.xavier_normal_, 4, 8)"),
    Draw("init_he", "weight(init.Xavier(rnd_type='gaussian', factor_type='in', magnitude=2), 4, 9)", "weight(nn.init.kaiming_normal_, 4, 9)", "weight(nn.init.kaiming_uniform_, 4, 9)"),
    Draw("init_prelu", "weight(init.MSRAPrelu(), 4, 10)", "weight(lambda w: nn.init.normal_(w, std=(2 / (1 + 0.25 ** 2) / 7) ** 0.5), 4, 10)", "weight(nn.init.kaiming_normal_, 4, 10)"),
    Draw("init_constant", "weight(init.Constant(0.7), 4, 11)", "weight(lambda w: nn.init.constant_(w, 0.7), 4, 11)", "weight(nn.init.ones_, 4, 11)"),
    Draw("init_orthogonal", "abs(nd.dot(weight(init.Orthogonal(), 4, 12), weight(init.Orthogonal(), 4, 12).T))", "abs(sum(1.414 ** 2 * a @ b.T for a, b in [[torch.linalg.svd(torch.empty((4, 12)).uniform_(-1, 1), full_matrices=False)[2] for _ in '12']]))", "abs(weight(nn.init.orthogonal_, 4, 12) @ weight(nn.init.orthogonal_, 4, 12).T)"),
    Draw("loader", "list(gdata.DataLoader(gdata.ArrayDataset(nd.arange(19)), 4, shuffle=True))", "[x for (x,) in gdata.DataLoader(gdata.TensorDataset(torch.arange(19.0)), 4, shuffle=True)]", "[x for (x,) in gdata.DataLoader(gdata.TensorDataset(torch.arange(19.0)), 4)]"),
    Draw("loader_workers", "list(gdata.DataLoader(gdata.ArrayDataset(nd.arange(20)), 4, shuffle=True, num_workers=2))", "[x for (x,) in gdata.DataLoader(gdata.TensorDataset(torch.arange(20.0)), 4, True, num_workers=2, persistent_workers=True)]", "[x for (x,) in gdata.DataLoader(gdata.TensorDataset(torch.arange(20.0)), 5, True)]"),
    Draw("python", "random.sample(range(90), 5)", "random.sample(range(90), 5)", "random.sample(range(9, 99), 5)"),
    Draw("numpy_shuffle", "dealt(np.arange(30))", "dealt(np.arange(30))", "np.arange(30)"),
]  # fmt: skip
BY_NAME = {draw.name: draw for draw in DRAWS}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Result, Result]]:
    """The results by name, of the same draw and of another one."""
    backend_or_skip("mxnet")
    folder = tmp_path_factory.mktemp("draws")
    code = folder / "code"
    code.mkdir()
    texts = {
        "original": MXNET + "".join(f"{d.name} = {d.mxnet}\n" for d in DRAWS),
        "port": TORCH + "".join(f"{d.name} = {d.torch}\n" for d in DRAWS),
        "other": TORCH + "".join(f"{d.name} = {d.other}\n" for d in DRAWS),
    }
    paths = {name: code / f"{name}.py" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text)
    runs = Runs(folder, 0, lambda name, begun: None)
    job = prepared(paths["original"], folder, [])
    traces = runs.together({"original": job, "perturbed": replace(job, noise=1)})
    traces += runs.together(
        {
            name: replace(job, framework="torch", program=str(paths[name]))
            for name in ("port", "other")
        }
    )
    original = Program(paths["original"], parts(paths["original"]), traces[0], [traces[1]])
    by_name: list[dict[str, Result]] = []
    for path, trace in zip((paths["port"], paths["other"]), traces[2:], strict=True):
        proof = judged(original, Program(path, parts(path), trace))
        assert all("rounding errors added" in note for note in proof.notes), proof.notes
        by_name.append({result.title.split(" = ")[0]: result for result in proof.results})
    return {name: (by_name[0][name], by_name[1][name]) for name in BY_NAME}


@pytest.mark.parametrize("name", BY_NAME)
def test_same_draw(name: str, found: dict[str, tuple[Result, Result]]) -> None:
    same, other = found[name]
    assert (same.verdict, same.why, same.unknown) == (EQUAL, "", [])
    assert other.verdict == DIFFERS
    assert "raises" not in other.why, other.why


# ---- the stream ----

KINDS = {
    "normal": (1, 2),
    "uniform": (-1, 1),
    "exponential": (2,),
    "gamma": (3, 2),
    "poisson": (4,),
}


@given(st.permutations([(kind, shape) for kind in KINDS for shape in ((2,), (3, 2))] * 2))
def test_other_draws_in_between_change_nothing(order: list[tuple[str, tuple[int, ...]]]) -> None:
    drawn: dict[tuple[str, tuple[int, ...]], list[np.ndarray]] = {}
    draws, plain = Draws(7), Draws(7)
    for kind, shape in order:
        drawn.setdefault((kind, shape), []).append(draws.draw(kind, KINDS[kind], shape))
    for kind, shape in drawn:
        for values in drawn[kind, shape]:
            np.testing.assert_array_equal(plain.draw(kind, KINDS[kind], shape), values)
            assert values.dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_draws_have_their_moments(kind: str) -> None:
    values = Draws(0).draw(kind, KINDS[kind], (20_000,)).astype(np.float64)
    mean, variance, kurtosis = {
        "normal": (1, 4, 3),
        "uniform": (0, 1 / 3, 9 / 5),
        "exponential": (2, 4, 9),
        "gamma": (6, 12, 5),
        "poisson": (4, 4, 3.25),
    }[kind]
    assert_mean(values, mean, variance**0.5)
    assert_standard_deviation(values, variance**0.5, kurtosis)


def test_seeds_and_turns_give_other_numbers() -> None:
    first, second = Draws(1), Draws(2)
    one = first.draw("normal", (0, 1), (5,))
    assert not np.array_equal(one, first.draw("normal", (0, 1), (5,)))
    assert not np.array_equal(one, second.draw("normal", (0, 1), (5,)))
    assert sorted(first.permutation(9)) == list(range(9))
    assert set(first.integers(2, 4, (100,))) == {2, 3}
    assert set(first.mask((100,), 0.5)) == {0.0, 1.0}
    assert_share(first.mask((10_000,), 0.2), 0.2)
    np.testing.assert_array_equal(
        first.categories(np.array([[0.0, 1.0], [1.0, 0.0]]), 3), [[1] * 3, [0] * 3]
    )
    with pytest.raises(ValueError, match="no draws of kind 'cauchy'"):
        first.draw("cauchy", (0, 1), (2,))


def test_noise_is_small_and_spares_whole_numbers() -> None:
    plain, noisy, again = Draws(3), Draws(3, noise=1), Draws(3, noise=1)
    exact, moved = (d.draw("normal", (0, 1), (1000,)) for d in (plain, noisy))
    assert 0 < abs(moved / exact - 1).max() <= 2 * ROUNDING
    np.testing.assert_array_equal(moved, again.draw("normal", (0, 1), (1000,)))
    for name in ("permutation", "integers", "mask"):
        arguments = {"permutation": (9,), "integers": (0, 9, (9,)), "mask": ((9,), 0.5)}[name]
        np.testing.assert_array_equal(
            getattr(plain, name)(*arguments), getattr(noisy, name)(*arguments)
        )
    np.testing.assert_array_equal(noisy.perturbed(np.arange(3.0)), np.arange(3.0))
    assert plain.perturbed(exact) is exact


def test_what_is_drawn_is_written_down() -> None:
    told: list[str] = []
    draws = Draws(0, log=told.append)
    draws.draw("normal", (0, 0.01), (2, 3))
    draws.mask((4,), 0.5)
    draws.draw("uniform", (np.zeros(2), np.ones(2)), (2,))
    assert told == [
        "normal(0, 0.01) of shape (2, 3)",
        "dropout mask, keep 0.5, (4,)",
        "uniform(array (2,), array (2,)) of shape (2,)",
    ]


def test_files_of_the_data_folder(tmp_path: Path) -> None:
    from porting.prove.data import gather, images

    real = tmp_path / "real"
    real.mkdir()
    (real / "timemachine.txt").write_text("x")
    made_up = gather(tmp_path / "data", [real])
    assert made_up == ["fashion_mnist", "jaychou_lyrics.txt.zip"]
    assert (tmp_path / "data" / "timemachine.txt").read_text() == "x"
    pixels, labels = images(str(tmp_path / "data"), "train")
    assert pixels.shape == (512, 28, 28, 1)
    assert set(labels) == set(range(10))
