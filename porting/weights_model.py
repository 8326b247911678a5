"""The torch model that `--like MODEL.py:make` names."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from torch import nn

from backends.errors import InputError


def load_model(like: str) -> nn.Module:
    """Call `make` of MODEL.py. Raises InputError if that gives no `torch.nn.Module`."""
    name, _, function = like.rpartition(":")
    path = Path(name)
    if not name or not function.isidentifier():
        raise InputError(f"--like {like!r} names no function: write MODEL.py:make")
    if not path.is_file():
        raise InputError(f"--like {like!r}: there is no file {name}: write MODEL.py:make")
    spec = spec_from_file_location(f"_like_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"--like {like!r}: {name} is no Python file: write MODEL.py:make")
    module = module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses of the file look themselves up
    sys.path.insert(0, str(path.parent.resolve()))  # as if the file were run
    try:
        spec.loader.exec_module(module)
        if not callable(make := getattr(module, function, None)):
            raise InputError(f"--like {like!r}: {name} has no function {function}: define one")
        model = make()
    except InputError:
        raise
    except (Exception, SystemExit) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"--like {like!r} fails with {type(error).__name__}: {reason}: "
            f"make {function}() run without arguments"
        ) from None
    finally:
        sys.path.remove(str(path.parent.resolve()))
    if not isinstance(model, nn.Module):
        raise InputError(
            f"--like {like!r} gives a {type(model).__name__}: return a torch.nn.Module"
        )
    return model
