"""Files, crops and vocabularies as MXNet has them, without MXNet."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def download(
    url: str, path: str | None = None, overwrite: bool = False, sha1_hash: str | None = None
) -> str:
    """Fetch `url` to a file or into a folder, unless that hash is there; return the path.

    Raises ValueError if what arrives has another SHA-1.
    """
    name = url.split("/")[-1]
    target = Path(name) if path is None else Path(path)
    if target.is_dir() or str(path).endswith("/"):
        target = target / name
    if overwrite or not target.exists() or (sha1_hash and _sha1(target) != sha1_hash):
        target.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(target), progress=False)
        if sha1_hash and _sha1(target) != sha1_hash:
            raise ValueError(
                f"{target}: SHA-1 is {_sha1(target)}, expected {sha1_hash}; delete it and try again"
            )
    return str(target)


def _sha1(path: Path) -> str:
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def fixed_crop(image: Tensor, x0: int, y0: int, width: int, height: int) -> Tensor:
    """The rectangle of an image of shape (height, width, channels)."""
    return image[y0 : y0 + height, x0 : x0 + width]


def random_crop(image: Tensor, size: tuple[int, int]) -> tuple[Tensor, tuple[int, int, int, int]]:
    """A random rectangle of (width, height), and where it stands: (x0, y0, width, height)."""
    height, width = image.shape[:2]
    new_width, new_height = min(size[0], width), min(size[1], height)
    x0, y0 = random.randint(0, width - new_width), random.randint(0, height - new_height)
    return fixed_crop(image, x0, y0, new_width, new_height), (x0, y0, new_width, new_height)


class Accuracy:
    """`mx.metric.Accuracy`: the share of labels equal to the predictions, or to their argmax."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.right, self.seen = 0, 0

    def update(self, labels: Any, preds: Any) -> None:
        """Count one batch; `preds` of another shape than `labels` are scores along axis 1."""
        pairs = zip(labels, preds, strict=True) if isinstance(labels, list) else [(labels, preds)]
        for label, prediction in pairs:
            chosen = prediction if prediction.shape == label.shape else prediction.argmax(dim=1)
            self.right += int((chosen.long() == label.long()).sum())
            self.seen += label.numel()

    def get(self) -> tuple[str, float]:
        return "accuracy", self.right / self.seen if self.seen else float("nan")


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
