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

UNKNOWN = "<unk>"
MAX_LENGTH = 500
Reviews = Sequence[Sequence[Any]]  # of (text, 1 for a good one or 0)


class Vocabulary:
    """Words that occur at least `min_freq` times, the most frequent first, ties by alphabet.

    Id 0 is "<unk>", for every other word. What the book uses of `mxnet.contrib.text.vocab`.
    """

    def __init__(self, counter: Counter, min_freq: int = 1) -> None:
        frequent = [word for word, count in counter.items() if count >= min_freq]
        frequent.sort(key=lambda word: (-counter[word], word))
        self.idx_to_token = [UNKNOWN, *(word for word in frequent if word != UNKNOWN)]
        self.token_to_idx = {word: i for i, word in enumerate(self.idx_to_token)}

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def to_indices(self, tokens: Any) -> Any:
        """The id of a word, or the ids of a list of words."""
        if isinstance(tokens, list):
            return [self.token_to_idx.get(token, 0) for token in tokens]
        return self.token_to_idx.get(tokens, 0)

    def to_tokens(self, indices: Any) -> Any:
        """The word of an id, or the words of a list of ids."""
        if isinstance(indices, list):
            return [self.idx_to_token[i] for i in indices]
        return self.idx_to_token[indices]


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
