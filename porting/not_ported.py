"""What has no PyTorch form: the stub of a port, and the helpers of d2lzh 1.0.0 that are missing."""

from __future__ import annotations

from typing import Any

_MXNET = "it is a module of MXNet: import the PyTorch module that takes its place"
_DOWNLOAD = "no test here can download it: unpack {} into ../data or a folder of LOCKSTEP_DATA"

# What the book writes d2l.nd and d2l.gloss for.
MXNET_MODULES = {
    "autograd": "mxnet.autograd",
    "gdata": "mxnet.gluon.data",
    "gloss": "mxnet.gluon.loss",
    "gluon": "mxnet.gluon",
    "gutils": "mxnet.gluon.utils",
    "image": "mxnet.image",
    "init": "mxnet.init",
    "mx": "mxnet",
    "nd": "mxnet.nd",
    "nn": "mxnet.gluon.nn",
    "text": "mxnet.contrib.text",
}
HELPERS = {
    "display": "it is a module of IPython: write `from IPython import display`",
    "download_imdb": _DOWNLOAD.format("http://ai.stanford.edu/~amaas/data/sentiment/"),
    "download_voc_pascal": _DOWNLOAD.format("http://host.robots.ox.ac.uk/pascal/VOC/voc2012"),
    "load_data_pikachu": (
        "MXNet's record files and ImageDetIter, which crops boxes at random, have no counterpart"
    ),
    **dict.fromkeys(MXNET_MODULES, _MXNET),
}


def not_ported(name: str, reason: str) -> Any:
    """Stand where an MXNet name has no PyTorch form; raise NotImplementedError when reached."""
    raise NotImplementedError(f"{name}: {reason}")
