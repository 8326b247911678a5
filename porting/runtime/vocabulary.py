"""The vocabulary of `mxnet.contrib.text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Vocabulary:
    """Tokens by falling frequency, ties by name, behind the unknown and the reserved tokens."""

    def __init__(
        self,
        counter: Mapping[str, int] | None = None,
        most_freq_count: int | None = None,
        min_freq: int = 1,
        unknown_token: str = "<unk>",
        reserved_tokens: Sequence[str] | None = None,
    ):
        self.unknown_token = unknown_token
        self.reserved_tokens = None if reserved_tokens is None else list(reserved_tokens)
        special = [unknown_token, *(reserved_tokens or ())]
        ranked = sorted((counter or {}).items(), key=lambda pair: (-pair[1], pair[0]))
        kept = [token for token, count in ranked[:most_freq_count] if count >= min_freq]
        self.idx_to_token = special + [token for token in kept if token not in special]
        self.token_to_idx = {token: index for index, token in enumerate(self.idx_to_token)}

    def __len__(self) -> int:
        return len(self.idx_to_token)

    def to_indices(self, tokens: str | Sequence[str]) -> Any:
        """The index of a token, or those of a list; 0 for the unknown."""
        if isinstance(tokens, str):
            return self.token_to_idx.get(tokens, 0)
        return [self.token_to_idx.get(token, 0) for token in tokens]

    def to_tokens(self, indices: int | Sequence[int]) -> Any:
        """The token of an index, or those of a list."""
        if isinstance(indices, int):
            return self.idx_to_token[indices]
        return [self.idx_to_token[index] for index in indices]
