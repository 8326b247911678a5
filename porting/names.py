"""Which MXNet name a name in the text stands for."""

from __future__ import annotations

import libcst as cst
from libcst.helpers import get_full_name_for_node

from porting.not_ported import MXNET_MODULES

# Modules that the book reaches through d2l, as in d2l.plt.
PLAIN_MODULES = (
    "collections", "math", "np", "os", "plt", "random", "sys", "tarfile", "time", "zipfile",
)  # fmt: skip
HELPERS = ("d2lzh", "gluonbook")
ROOTS = ("mxnet", *HELPERS)
SECOND_EDITION = "d2l.mxnet"
# What d2l.mxnet takes from mxnet.np under a name of its own.
TAKEN = {
    **{
        name: name
        for name in (
            "abs", "arange", "cos", "cosh", "exp", "eye", "float32", "int32", "linspace", "log",
            "meshgrid", "ones", "sin", "sinh", "stack", "tanh", "zeros",
        )
    },
    "concat": "concatenate", "matmul": "dot", "normal": "random.normal", "rand": "random.rand",
    "tensor": "array",
}  # fmt: skip
MODULES = {
    "ndarray": "nd",
    "symbol": "sym",
    "initializer": "init",
    "numpy": "np",
    "numpy_extension": "npx",
    "context": "",
    "gluon.data.dataloader": "gluon.data",
    "gluon.data.dataset": "gluon.data",
    "gluon.block": "gluon",
    "gluon.trainer": "gluon",
    "gluon.data.vision.datasets": "gluon.data.vision",
    "gluon.metric": "metric",
    "nd.op": "nd",
    "nd.ndarray": "nd",
}


def canonical(dotted: str) -> str:
    """``mxnet.ndarray.concat`` is ``nd.concat``; ``gluonbook.sgd`` is ``d2lzh.sgd``."""
    if dotted == SECOND_EDITION:
        return "d2l"
    if dotted.startswith(SECOND_EDITION + "."):
        name = dotted.removeprefix(SECOND_EDITION + ".")
        return f"np.{TAKEN[name]}" if name in TAKEN else f"d2l.{name}"
    root, _, rest = dotted.partition(".")
    if root in HELPERS:
        rest = rest.removeprefix("utils").lstrip(".") if rest.split(".")[0] == "utils" else rest
        module, _, name = rest.partition(".")
        if module in PLAIN_MODULES:
            return ""
        if module not in MXNET_MODULES:
            return f"d2lzh.{rest}".rstrip(".")
        root, _, rest = f"{MXNET_MODULES[module]}.{name}".rstrip(".").partition(".")
    if root != "mxnet":
        return dotted
    changed = True
    while changed:
        changed = False
        for module, short in MODULES.items():
            if rest == module or rest.startswith(module + "."):
                rest = (short + rest[len(module) :]).lstrip(".")
                changed = True
    return rest or "mxnet"


def plain_module(dotted: str) -> str:
    """The module that ``d2lzh.plt.show`` belongs to, which is not MXNet's: ``plt``; or nothing."""
    root, _, rest = dotted.partition(".")
    module = rest.removeprefix("utils.").partition(".")[0]
    return module if root in HELPERS and module in PLAIN_MODULES else ""


def imported(node: cst.Import | cst.ImportFrom) -> dict[str, str]:
    """Local name -> full dotted name, for imports of MXNet and the book's helpers only."""
    found: dict[str, str] = {}
    if isinstance(node, cst.Import):
        for alias in node.names:
            name = get_full_name_for_node(alias.name) or ""
            if name == "d2l" or (name == SECOND_EDITION and alias.evaluated_alias):
                found[alias.evaluated_alias or "d2l"] = SECOND_EDITION
                continue
            if name.split(".")[0] not in ROOTS:
                continue
            local = alias.evaluated_alias
            found[local or name.split(".")[0]] = name if local else name.split(".")[0]
        return found
    module = get_full_name_for_node(node.module) if node.module else ""
    if module == "d2l" and not isinstance(node.names, cst.ImportStar):
        held = [a for a in node.names if get_full_name_for_node(a.name) == "mxnet"]
        return {a.evaluated_alias or "mxnet": SECOND_EDITION for a in held}
    if module == SECOND_EDITION and not isinstance(node.names, cst.ImportStar):
        names = [get_full_name_for_node(a.name) or "" for a in node.names]
        return {
            a.evaluated_alias or name: f"{SECOND_EDITION}.{name}"
            for a, name in zip(node.names, names, strict=True)
        }
    if not module or node.relative or module.split(".")[0] not in ROOTS:
        return found
    if isinstance(node.names, cst.ImportStar):
        return {"*": module}
    for alias in node.names:
        name = get_full_name_for_node(alias.name) or ""
        found[alias.evaluated_alias or name] = f"{module}.{name}"
    return found
