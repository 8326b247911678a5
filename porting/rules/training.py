"""Rules of gradients, losses, data, initialisers and optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from porting.rules.registry import (
    REMOVED,
    literal,
    parse,
    rule,
)
from porting.templates import (
    Bound,
    UnsupportedError,
    atom,
    code,
    fill,
)

if TYPE_CHECKING:
    from porting.rewrite import Rewriter


@rule
def attach_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("grad_req"):
        wanted = literal(bound, "grad_req")
        if wanted not in ("add", "null"):
            raise UnsupportedError(f"grad_req={bound.text('grad_req')} of attach_grad")
        # What is added to is never reset.
        return parse(f"{bound.self_text}.requires_grad_({'False' if wanted == 'null' else ''})")
    port.attached(call)
    return parse(f"{bound.self_text}.requires_grad_()")


@rule
def detach(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill(bound.row.torch, bound)


@rule
def backward(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Sum first; divide by what a later step would divide by."""
    assert bound.receiver is not None
    assert isinstance(call.func, cst.Attribute)
    head = code(atom(bound.receiver))
    arguments = ["retain_graph=" + bound.text("retain_graph")] if bound.has("retain_graph") else []
    if "out_grad" in bound.given:
        return parse(f"{head}.backward({', '.join([bound.text('out_grad'), *arguments])})")
    divide = port.plan.divide.get(call)
    if not port.kind(call.func.value).scalar:
        head += ".sum()"
    if divide:
        port.note("step", call)
        port.state.divided = True
        divisor = divide if divide.isidentifier() or divide.isdigit() else f"({divide})"
        head = f"({head} / {divisor})"
    return parse(f"{head}.backward({', '.join(arguments)})")


@rule
def step(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    divisor = port.plan.rescale.get(call, bound.text("batch_size"))
    if divisor and divisor != "1" and call in port.plan.kept:
        port.note("step-keeps", call)
        return parse(f"runtime.step({bound.self_text}, {divisor})")
    if divisor and divisor != "1" and port.scope().is_lambda:
        port.note("step-rescale", call)
        return parse(f"runtime.stepper({bound.self_text})({divisor})")
    if divisor and divisor != "1":
        port.note("step-rescale", call)
        port.rescale(bound.self_text, divisor)
    return parse(f"{bound.self_text}.step()")


@rule
def cross_entropy(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if bound.has("axis"):
        raise UnsupportedError(f"axis={bound.text('axis')} of {bound.row.name}")
    if bound.has("from_logits"):
        return parse("nn.NLLLoss(reduction='none')")
    if port.state.loss_is_given:
        return parse("runtime.SoftmaxCrossEntropyLoss()")
    return parse("nn.CrossEntropyLoss(reduction='none')")


@rule
def array_dataset(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    if len(bound.variadic) == 1 and not bound.variadic[0].star:
        return bound.variadic[0].value
    kinds = {port.kind(a.value).name for a in call.args}
    if kinds & {"py", "numpy", "dataset"}:
        return parse(f"list(zip({', '.join(code(a.value) for a in bound.variadic)}))")
    return call.with_changes(func=parse(f"{port.data_module()}.TensorDataset"), args=bound.variadic)


@rule
def data_loader(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    last = literal(bound, "last_batch")
    if last not in ("keep", "discard"):
        raise UnsupportedError(f"last_batch={bound.text('last_batch')} of DataLoader")
    dropped = bound.given.pop("last_batch", None)
    node = fill(bound.row.torch.replace("data.", port.data_module() + ".", 1), bound)
    if dropped is not None and last == "discard" and isinstance(node, cst.Call):
        return parse(code(node).rstrip()[:-1] + ", drop_last=True)")
    return node


@rule
def vision(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.need_import("torchvision")
    return fill(bound.row.torch, bound)


@rule
def images(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """A data set of torchvision, downloaded as MXNet does, with Gluon's kind of items."""
    if "fine_label" in bound.given:
        raise UnsupportedError(f"fine_label of {bound.row.name}")
    port.need_import("torchvision")
    root = bound.text("root") if "root" in bound.given else "'data'"
    text = bound.row.torch.format(root=root, train=bound.text("train"))
    if "transform" in bound.given and bound.text("transform") != "None":
        text = text[:-1] + f", transform={bound.text('transform')})"
    return parse(text)


@rule
def split_and_load(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Equal parts along axis 0, one for each device."""
    if bound.has("batch_axis"):
        raise UnsupportedError(f"batch_axis={bound.text('batch_axis')} of split_and_load")
    data, devices = bound.text("data"), bound.text("ctx_list")
    return parse(
        f"[part.to(device) for part, device in "
        f"zip(torch.tensor_split({data}, len({devices})), {devices})]"
    )


@rule
def initialiser(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    text = bound.row.torch
    for parameter in bound.parameters:
        value = bound.text(parameter.name)
        simple = value.replace(".", "").replace("_", "").isalnum()
        text = text.replace(f"{{{parameter.name}}}", value if simple else f"({value})")
    return cst.ensure_type(parse(text), cst.Lambda)


@rule
def xavier(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """U(-s, s) with s² = magnitude / fan, or N(0, magnitude / fan); fan: in, out, mean."""
    kind, fan, magnitude = (
        literal(bound, name) for name in ("rnd_type", "factor_type", "magnitude")
    )
    known = kind in ("uniform", "gaussian") and fan in ("avg", "in", "out")
    if not known or not isinstance(magnitude, (int, float)):
        raise UnsupportedError(
            f"init.Xavier with rnd_type, factor_type, magnitude = {(kind, fan, magnitude)}"
        )
    # xavier_uniform_ has magnitude 3 · gain², xavier_normal_ gain².
    unit = 3 if kind == "uniform" else 1
    suffix = "uniform_" if kind == "uniform" else "normal_"
    gain = "" if magnitude == unit else f"gain={_root(magnitude, unit)}"
    if fan == "avg":
        if not gain:
            return parse(f"nn.init.xavier_{suffix}")
        return parse(f"lambda w: nn.init.xavier_{suffix}(w, {gain})")
    mode = ", mode='fan_out'" if fan == "out" else ""
    if magnitude == 2 * unit:
        return parse(f"lambda w: nn.init.kaiming_{suffix}(w{mode})")
    if magnitude == unit:
        return parse(f"lambda w: nn.init.kaiming_{suffix}(w{mode}, nonlinearity='linear')")
    raise UnsupportedError(f"init.Xavier over fan {fan!r} with magnitude {magnitude}")


@rule
def msra(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Gaussian Xavier with magnitude 2 / (1 + slope²)."""
    slope, fan = literal(bound, "slope"), literal(bound, "factor_type")
    if not isinstance(slope, (int, float)) or fan not in ("avg", "in", "out"):
        raise UnsupportedError("slope or factor_type of init.MSRAPrelu that is not written out")
    if fan == "avg":
        return parse(f"lambda w: nn.init.xavier_normal_(w, gain=(2 / (1 + {slope}**2)) ** 0.5)")
    return parse(
        f"lambda w: nn.init.kaiming_normal_(w, a={slope}, "
        f"mode='fan_{fan}', nonlinearity='leaky_relu')"
    )


def _root(magnitude: float, unit: int) -> str:
    return f"({magnitude} / {unit}) ** 0.5" if unit != 1 else f"{magnitude}**0.5"


@rule
def learning_rate(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    port.before.append(
        f"for group in {bound.self_text}.param_groups:\n    group['lr'] = {bound.text('lr')}\n"
    )
    return REMOVED


@rule
def autograd_grad(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    return fill("torch.autograd.grad({heads}.sum(), {variables}, {})", bound)


@rule
def record(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    """Stays only where the with statement could not be taken away."""
    return parse("torch.enable_grad()")


@rule
def optimizer(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    raise UnsupportedError("optimizer objects are ported where a Trainer is given a name")


@rule
def unknown(port: Rewriter, call: cst.Call, bound: Bound) -> cst.BaseExpression:
    raise UnsupportedError("no PyTorch form is known")
