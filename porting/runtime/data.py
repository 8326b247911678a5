"""Files and images."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
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


def imread(path: str) -> Tensor:
    """An image file as uint8 (height, width, 3), red first.

    Pillow decodes, OpenCV in MXNet: of a JPEG file a pixel may differ by some levels.
    """
    with Image.open(path) as image:
        return torch.tensor(np.array(image.convert("RGB")))


def fixed_crop(image: Tensor, x0: int, y0: int, width: int, height: int) -> Tensor:
    """The rectangle of an image of shape (height, width, channels)."""
    return image[y0 : y0 + height, x0 : x0 + width]


def random_crop(image: Tensor, size: tuple[int, int]) -> tuple[Tensor, tuple[int, int, int, int]]:
    """A random rectangle of (width, height), and where it stands: (x0, y0, width, height)."""
    height, width = image.shape[:2]
    new_width, new_height = min(size[0], width), min(size[1], height)
    x0, y0 = random.randint(0, width - new_width), random.randint(0, height - new_height)
    return fixed_crop(image, x0, y0, new_width, new_height), (x0, y0, new_width, new_height)
