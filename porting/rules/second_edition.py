"""Rules of the training functions of ``d2l.torch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.registry import parse, rule
from porting.templates import Bound, UnsupportedError, code

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

# What d2l.mxnet initialises a network with before it trains it.
DRAWS = {
    "d2l.train_ch6": "nn.init.xavier_uniform_",
    "d2l.train_ch8": "lambda w: nn.init.normal_(w, std=0.01)",
    "d2l.train_seq2seq": "nn.init.xavier_uniform_",
}


def _call(call: cst.Call, bound: Bound) -> cst.Call:
    return call.with_changes(
        args=[bound.given[p.name] for p in bound.parameters if p.name in bound.given]
    )


@rule
def d2l_train(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """d2l.torch reaches PyTorch's own layers only, and none that has yet to learn its size."""
    net = bound.text("net")
    if not net.replace(".", "").isidentifier():
        raise UnsupportedError("a network without a name, which has to be initialised first")
    port.need_import("nn")
    port.need_import("runtime")
    text = f"runtime.initialize({net}, {DRAWS[bound.row.name]}, force_reinit=True)\n"
    if bound.row.name == "d2l.train_ch8" and port.kind(bound.given["net"].value).name != "module":
        text = f"if isinstance({net}, nn.Module):\n    {text}"
    port.before.append(text)
    return _call(call, bound)


@rule
def d2l_train_ch11(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    given = bound.given["trainer_fn"]
    wrapped = parse(f"runtime.zeroing({code(given.value)})")
    bound.given["trainer_fn"] = given.with_changes(value=wrapped)
    return _call(call, bound)


@rule
def differs(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    raise UnsupportedError("d2l.torch has another function under this name")
