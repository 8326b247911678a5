"""The port of d2lzh/utils.py: which of its names are known, proven, or openly missing.

What its functions compute, the other tests of this folder compare: those with the fixture `both`.
"""

import inspect
from pathlib import Path
from typing import Any

import pytest

from porting.port import Ported

# torchvision is not installed here: their ports were read, not run.
READ_ONLY = {
    "gluon.data.vision.FashionMNIST",
    "gluon.data.vision.transforms.Compose",
    "gluon.data.vision.transforms.Resize",
    "gluon.data.vision.transforms.ToTensor",
}


def test_one_name_has_no_form_and_says_why(utils_port: Ported) -> None:
    unknown = {f.name for f in utils_port.findings if f.status == "unknown"}
    assert unknown == {"image.ImageDetIter"}
    assert utils_port.text.count("runtime.not_ported(") == 2
    assert utils_port.text.count("# TODO(mx2torch)") == 2


def test_names_without_a_proof(utils_port: Ported) -> None:
    known = {f.name for f in utils_port.findings if f.status == "known"}
    assert known - READ_ONLY <= {
        "Dataset.transform_first",
        "NDArray.wait_to_read",
        "gluon.utils.download",
        "image.fixed_crop",
        "image.random_crop",
        "contrib.text.vocab.Vocabulary",
        "base.MXNetError",
        "gluon.data.Dataset",
        "gpu",
        "gluon.utils.split_and_load",
    }


def test_every_function_of_the_port_is_run_or_named(original: Any, ported_utils: Any) -> None:
    names = {
        name
        for name, value in vars(original).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == original.__name__
        and not name.startswith("_")
    }
    assert all(callable(getattr(ported_utils, name)) for name in names)
    tests = "".join(
        part
        for path in Path(__file__).parent.glob("test_*.py")
        if path != Path(__file__)
        for part in path.read_text().split("\n\n\n")
        if "both" in part or "gluon: bool" in part
    )
    run = {name for name in names if name in tests}
    assert names - run == {
        "download_imdb",  # a download
        "download_voc_pascal",  # a download
        "load_data_fashion_mnist",  # torchvision
        "load_data_pikachu",  # the stub
        "use_svg_display",  # IPython
        "voc_rand_crop",  # run by VOCSegDataset
    }


def test_the_missing_iterator_raises_its_reason(ported_utils: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(ported_utils, "_download_pikachu", lambda folder: None)
    with pytest.raises(NotImplementedError, match=r"image\.ImageDetIter: MXNet's record files"):
        ported_utils.load_data_pikachu(2)
