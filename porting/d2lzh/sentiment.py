"""Film reviews (IMDB) as ids of words, and what a network makes of a sentence."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from porting.d2lzh.devices import try_gpu
from porting.d2lzh.files import local_path
from porting.d2lzh.training import evaluating
from porting.runtime.vocabulary import Vocabulary

MAX_LENGTH = 500
Reviews = Sequence[Sequence[Any]]  # of (text, 1 for a good one or 0)


def count_tokens(samples: Iterable[Iterable[Hashable]]) -> Counter:
    """How often each token occurs in all samples."""
    return Counter(token for sample in samples for token in sample)


def read_imdb(folder: str = "train") -> list[list[Any]]:
    """[text, 1 for a good review or 0] of aclImdb/folder, in the order of `random.shuffle`.

    Raises InputError if neither ../data nor LOCKSTEP_DATA has the unpacked reviews.
    """
    data = []
    for label, score in (("pos", 1), ("neg", 0)):
        for file in local_path(f"aclImdb/{folder}/{label}").iterdir():
            data.append([file.read_bytes().decode().replace("\n", "").lower(), score])
    random.shuffle(data)
    return data


def get_tokenized_imdb(data: Reviews) -> list[list[str]]:
    """The words of each review in lower case, split at single spaces."""
    return [review.lower().split(" ") for review, _ in data]


def get_vocab_imdb(data: Reviews) -> Vocabulary:
    """The words that occur at least five times."""
    return Vocabulary(count_tokens(get_tokenized_imdb(data)), min_freq=5)


def preprocess_imdb(data: Reviews, vocab: Vocabulary) -> tuple[Tensor, Tensor]:
    """Ids (n, 500), cut off or filled up with 0, and scores (n,); int64, not float32."""
    ids = [vocab.to_indices(words)[:MAX_LENGTH] for words in get_tokenized_imdb(data)]
    features = torch.tensor([row + [0] * (MAX_LENGTH - len(row)) for row in ids])
    return features, torch.tensor([score for _, score in data])


def predict_sentiment(
    net: Callable[[Tensor], Tensor], vocab: Vocabulary, sentence: list[str]
) -> str:
    """ "positive" or "negative", whichever output of the network is larger, for a list of words.

    The network must be on the device that `try_gpu` names.
    """
    ids = torch.tensor(vocab.to_indices(sentence), device=try_gpu())
    with evaluating(net):
        label = net(ids.reshape(1, -1)).argmax(dim=1)
    return "positive" if label.item() == 1 else "negative"
