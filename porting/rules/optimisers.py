"""The rule of `gluon.Trainer`: torch's own optimisers where they compute the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.registry import literal, parse, rule
from porting.templates import Bound, UnsupportedError, code

if TYPE_CHECKING:
    from porting.rewrite import Rewriter

COMMON = {"learning_rate": "lr", "wd": "weight_decay"}
# Names of options, and MXNet's defaults where torch's class has others or none.
OPTIMISERS = {
    "sgd": ({"momentum": "momentum"}, {"lr": "0.01"}),
    "nag": ({"momentum": "momentum"}, {"lr": "0.01"}),
    "adam": ({"beta1": "beta1", "beta2": "beta2", "epsilon": "eps"}, {"lr": "0.001"}),
    "adagrad": ({"eps": "eps"}, {"lr": "0.01"}),
    "rmsprop": (
        {"gamma1": "alpha", "gamma2": "momentum", "epsilon": "eps", "centered": "centered"},
        {"lr": "0.001"},
    ),
    "adadelta": ({"rho": "rho", "epsilon": "eps"}, {}),
}


@rule
def trainer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """An optimiser by name and options, where both can be read; else chosen at run time."""
    params = bound.text("params")
    if port.kind(call.args[0].value).name == "paramdict":
        params += ".values()"
    options = bound.given["optimizer_params"].value if "optimizer_params" in bound.given else None
    name = literal(bound, "optimizer")
    if isinstance(name, str) and name.lower() not in OPTIMISERS:
        raise UnsupportedError(f"optimizer {name!r}")
    given = _options(options)
    if not isinstance(name, str) or given is None or "lr_scheduler" in given:
        port.note("optimizer-runtime", call)
        parts = [params, bound.text("optimizer")]
        if options is not None:
            parts.append(code(options))
        return parse(f"runtime.optimizer({', '.join(parts)})")
    target, settings = _settings(name.lower(), given, port.state.changes_rate)
    if name.lower() in ("sgd", "nag") and "momentum" in settings:
        port.note("momentum-state", call)
    if name.lower() == "adam":
        port.note("epsilon", call)
    arguments = ", ".join([params, *(f"{key}={value}" for key, value in settings.items())])
    return parse(f"{target}({arguments})")


def _options(node: cst.BaseExpression | None) -> dict[str, str] | None:
    """The code of each option, or None if they cannot be read from the text."""
    if node is None:
        return {}
    if isinstance(node, cst.Dict):
        found: dict[str, str] = {}
        for element in node.elements:
            if not isinstance(element, cst.DictElement):
                return None
            if not isinstance(element.key, cst.SimpleString):
                return None
            found[str(element.key.evaluated_value)] = code(element.value)
        return found
    if isinstance(node, cst.Call) and code(node.func) == "dict":
        if any(arg.keyword is None for arg in node.args):
            return None
        return {arg.keyword.value: code(arg.value) for arg in node.args if arg.keyword}
    return None


def _settings(name: str, given: dict[str, str], changes: bool) -> tuple[str, dict[str, str]]:
    """The class, and its arguments; `changes`: the learning rate does, somewhere in the text."""
    renamed, defaults = OPTIMISERS[name]
    names = {**COMMON, **renamed}
    for key in given:
        if key not in names:
            raise UnsupportedError(f"option {key!r} of optimizer {name!r}")
    zero = {key for key in ("momentum", "wd") if given.get(key) in ("0", "0.0", None)}
    settings = {names[key]: value for key, value in given.items() if key not in zero}
    settings = {**{k: v for k, v in defaults.items() if k not in settings}, **settings}
    if name == "adam":
        betas = settings.pop("beta1", "0.9"), settings.pop("beta2", "0.999")
        if betas != ("0.9", "0.999"):
            settings["betas"] = f"({', '.join(betas)})"
        return "runtime.Adam", settings
    if name == "sgd":
        own = "momentum" in zero or not changes
        return "torch.optim.SGD" if own else "runtime.SGD", settings
    if name == "nag":
        if "momentum" in zero:
            return "torch.optim.SGD", settings
        if changes or "wd" not in zero:
            return "runtime.NAG", settings
        return "torch.optim.SGD", {**settings, "nesterov": "True"}
    if name == "adadelta":
        if changes or "wd" not in zero:
            return "runtime.Adadelta", settings
        settings.pop("lr", None)  # MXNet's has none
        return "torch.optim.Adadelta", {**settings, "eps": settings.get("eps", "1e-05")}
    return {"adagrad": "runtime.Adagrad", "rmsprop": "runtime.RMSprop"}[name], settings
