"""Film reviews from a small folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends.errors import InputError
from porting import d2lzh as d2l
from tests.porting.d2lzh.original import seed

REVIEWS = {
    "pos": ["A good  good film\n", "good " * 6 + "ends well", "tie tie tie tie tie wow"],
    "neg": ["Bad bad bad bad bad film", "film film film film " + "so long " * 300, "<unk> " * 9],
}


@pytest.fixture
def reviews(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for label, texts in REVIEWS.items():
        folder = tmp_path / "data" / "aclImdb" / "train" / label
        folder.mkdir(parents=True)
        for i, text in enumerate(texts):
            (folder / f"{i}_1.txt").write_text(text)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("LOCKSTEP_DATA", raising=False)


@pytest.mark.usefixtures("reviews")
def test_reviews(original: Any, both: str) -> None:
    seed()
    expected = original.read_imdb()
    seed()
    data = d2l.read_imdb()
    assert data == expected
    assert d2l.get_tokenized_imdb(data) == original.get_tokenized_imdb(data)
    theirs, ours = original.get_vocab_imdb(data), d2l.get_vocab_imdb(data)
    assert ours.idx_to_token == theirs.idx_to_token
    assert ours.token_to_idx == theirs.token_to_idx
    assert len(ours) == len(theirs) > 5
    assert ours.to_indices(["good", "nothing", "bad"]) == theirs.to_indices(
        ["good", "nothing", "bad"]
    )
    assert ours.to_indices("film") == theirs.to_indices("film") != 0
    assert ours.to_tokens([1, 0]) == theirs.to_tokens([1, 0])
    assert ours.to_tokens(2) == theirs.to_tokens(2)
    arrays = original.preprocess_imdb(data, theirs)
    for tensor, array in zip(d2l.preprocess_imdb(data, ours), arrays, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array.asnumpy())
        # The port keeps MXNet's floats.
        assert tensor.dtype == (torch.float32 if both == "ported" else torch.int64)


@pytest.mark.usefixtures("reviews")
def test_missing_reviews() -> None:
    with pytest.raises(InputError, match="'aclImdb/test/pos' is neither in"):
        d2l.read_imdb("test")


@pytest.mark.usefixtures("both")
@pytest.mark.skipif(torch.cuda.is_available(), reason="the network is on the CPU")
@pytest.mark.usefixtures("reviews")
def test_predict_sentiment(original: Any) -> None:
    data = d2l.read_imdb()
    theirs, ours = original.get_vocab_imdb(data), d2l.get_vocab_imdb(data)
    # The more words of the upper half of the vocabulary, the larger the second output.
    half = len(ours) / 2
    found = []
    for sentence in (["good", "film"], ["bad", "tie", "so"]):
        expected = original.predict_sentiment(
            lambda ids: original.nd.stack(
                (ids < half).sum(axis=1), (ids > half).sum(axis=1), axis=1
            ),
            theirs,
            sentence,
        )
        found.append(
            d2l.predict_sentiment(
                lambda ids: torch.stack([(ids < half).sum(dim=1), (ids > half).sum(dim=1)], dim=1),
                ours,
                sentence,
            )
        )
        assert found[-1] == expected
    assert sorted(found) == ["negative", "positive"]
