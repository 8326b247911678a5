"""Follow a loss from backward to the step: where the division by the batch size goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst
import libcst.matchers as m

from porting.carried import carried
from porting.templates import code

BACKWARD = m.Call(func=m.Attribute(attr=m.Name("backward")))
STEP = m.Call(func=m.Attribute(attr=m.Name("step")), args=[m.Arg(), m.ZeroOrMore(m.Arg())])
WHOLE = m.Subscript(
    slice=[m.SubscriptElement(m.Slice(lower=None, upper=None, step=None))],
)
# Calls that neither read nor write gradients.
HARMLESS = {
    "asscalar",
    "append",
    "print",
    "sum",
    "mean",
    "wait_to_read",
    "waitall",
    "asnumpy",
    "as_in_context",
}

GRADIENT = re.compile(r"(?<!autograd)\.(?:list_)?grad\(|\.data\(\)\.grad\b")
# Functions that update parameters by hand also start with sgd, adam, rms, ada or mom.
UPDATES = {"trainer_fn", "optimizer", "updater"}
ALL_PARAMETERS = re.compile(
    r"\[(?P<p>\w+)\.data\(\) for (?P=p) in (?P<net>[\w.]+)\.collect_params\(\)\.values\(\)\]"
)


@dataclass
class Plan:
    """What each backward is divided by and resets first, and what each step divides by."""

    divide: dict[cst.Call, str] = field(default_factory=dict)
    zero: dict[cst.CSTNode, str] = field(default_factory=dict)
    rescale: dict[cst.Call, str] = field(default_factory=dict)
    reads: int = 0  # how often the document reads the gradient of a Gluon parameter
    kept: set[cst.Call] = field(default_factory=set)  # steps after which gradients are read
    loops: set[cst.Call] = field(default_factory=set)
    updaters: set[str] = field(default_factory=set)
    carried: dict[cst.With, list[str]] = field(default_factory=dict)


def gradients_read(text: str) -> int:
    """How often the text reads the gradient of a Gluon parameter."""
    return len(GRADIENT.findall(text))


def plan(module: cst.Module, updaters: set[str] | None = None, reads: int = 0) -> Plan:
    """Analyse one cell or file; ``updaters``: the document's functions that update parameters."""
    known = set() if updaters is None else updaters
    known |= {
        node.name.value
        for node in m.findall(module, m.FunctionDef())
        if isinstance(node, cst.FunctionDef) and _updates_first(node)
    }
    found = Plan(updaters=known, carried=carried(module), reads=reads)
    _suite(module.body, [], found, in_loop=False)
    return found


def _updates_first(function: cst.FunctionDef) -> bool:
    """Whether a function writes gradients into the elements of its first argument."""
    params = function.params.params
    if not params:
        return False
    return any(
        isinstance(loop, cst.For) and params[0].name.value in code(loop.iter) and _written(loop)
        for loop in m.findall(function, m.For())
    )


def _written(statement: cst.CSTNode) -> list[str]:
    """The parameters that x[:] = ... x.grad ... or x -= ... x.grad ... update."""
    found: dict[str, None] = {}
    for small in m.findall(statement, m.Assign(targets=[m.AssignTarget()]) | m.AugAssign()):
        target: cst.BaseExpression
        if isinstance(small, cst.Assign):
            target = small.targets[0].target
        else:
            assert isinstance(small, cst.AugAssign)
            target = small.target
        whole = m.matches(target, WHOLE)
        if isinstance(target, cst.Subscript) and whole:
            target = target.value
        elif isinstance(small, cst.Assign):
            continue
        if m.matches(target, m.Call(func=m.Attribute(attr=m.Name("data")))):
            target = cst.ensure_type(cst.ensure_type(target, cst.Call).func, cst.Attribute).value
        name = code(target)
        reads = (code(node) for node in m.findall(small, m.Attribute(attr=m.Name("grad"))))
        if f"{name}.grad" in reads and not name.endswith(".grad"):
            found[name] = None
    return list(found)


def _body(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    block = getattr(node, "body", None)
    return block.body if isinstance(block, cst.IndentedBlock) else []


def _suite(
    statements: Sequence[cst.CSTNode],
    tail: Sequence[cst.CSTNode],
    found: Plan,
    in_loop: bool,
    before: cst.CSTNode | None = None,
) -> None:
    for index, statement in enumerate(statements):
        after = [*statements[index + 1 :], *tail]
        if isinstance(statement, cst.SimpleStatementLine):
            calls = [call for call in m.findall(statement, BACKWARD) if isinstance(call, cst.Call)]
            for call in calls:
                _backward(call, after, found, before)
                if in_loop:
                    found.loops.add(call)
            continue
        loops = isinstance(statement, (cst.For, cst.While))
        within = (in_loop or loops) and not isinstance(statement, (cst.FunctionDef, cst.ClassDef))
        if loops and _is_backward_loop(statement):
            # One loss per device: reset once, before the loop.
            _suite(_body(statement), after, found, within, statement)
        elif isinstance(statement, cst.With):
            _suite(_body(statement), after, found, within, before)
        else:
            _suite(_body(statement), [], found, within)
        orelse = getattr(statement, "orelse", None)
        while isinstance(orelse, (cst.If, cst.Else)):
            _suite(_body(orelse), [], found, within)
            orelse = getattr(orelse, "orelse", None)


def _is_backward_loop(statement: cst.CSTNode) -> bool:
    body = _body(statement)
    return len(body) == 1 and bool(m.findall(body[0], BACKWARD))


def _consumers(statement: cst.CSTNode, found: Plan) -> list[cst.Call]:
    return [
        c
        for c in m.findall(statement, m.Call())
        if isinstance(c, cst.Call) and (m.matches(c, STEP) or updated(c, found.updaters))
    ]


def updated(call: cst.Call, updaters: set[str]) -> str:
    """The parameters a hand-written update such as sgd(params, lr, n) is given, as code."""
    name = code(call.func).split(".")[-1]
    known = name in updaters or name.lower() == "sgd"
    if (
        not known
        and name not in UPDATES
        and not name.lower().startswith(("sgd", "adam", "rms", "ada", "mom"))
    ):
        return ""
    given = [a.value for a in call.args if a.keyword is not None and a.keyword.value == "params"]
    if call.args and call.args[0].keyword is None and not call.args[0].star:
        given.append(call.args[0].value)
    if not given:
        return ""
    first = given[0]
    if isinstance(first, cst.List) and first.elements:
        if any(isinstance(e, cst.StarredElement) for e in first.elements):
            return code(first)
        names = [code(e.value) for e in first.elements]
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"
    if match := ALL_PARAMETERS.fullmatch(code(first)):
        return f"{match['net']}.parameters()"
    # Of other updates only a list's name tells that they are given all parameters.
    listed = isinstance(first, (cst.Name, cst.Attribute)) and "params" in code(first)
    plain = (cst.Name, cst.Attribute, cst.Subscript, cst.BinaryOperation)
    return code(first) if listed or (known and isinstance(first, plain)) else ""


def _zero_written(statement: cst.CSTNode, indent: str) -> str:
    """Code that resets what a statement updates by hand, without a function."""
    if isinstance(statement, cst.For):
        lines = "".join(
            f"{indent}    {name}.grad = None\n"
            for name in dict.fromkeys(n for s in _body(statement) for n in _written(s))
        )
        head = f"{indent}for {code(statement.target)} in {code(statement.iter)}:\n"
        return head + lines if lines else ""
    if isinstance(statement, (cst.With, cst.SimpleStatementLine)):
        return "".join(f"{indent}{name}.grad = None\n" for name in _written(statement))
    return ""


def _zero(statement: cst.CSTNode, plan: Plan, indent: str = "") -> str:
    """Code that resets what a statement updates."""
    if isinstance(statement, (cst.If, cst.Else)):
        inside = "".join(_zero(s, plan, indent + "    ") for s in _body(statement))
        orelse = getattr(statement, "orelse", None)
        other = _zero(orelse, plan, indent) if orelse is not None else ""
        if isinstance(statement, cst.Else):
            return f"{indent}else:\n{inside}" if inside else ""
        if not inside and not other:
            return ""
        head = f"{indent}if {code(statement.test)}:\n{inside or indent + '    pass' + chr(10)}"
        return (
            head + other.replace(f"{indent}if ", f"{indent}elif ", 1)
            if isinstance(orelse, cst.If)
            else head + other
        )
    text = _zero_written(statement, indent)
    if not isinstance(statement, cst.SimpleStatementLine):
        return text
    for call in _consumers(statement, plan):
        if m.matches(call, STEP) and isinstance(call.func, cst.Attribute):
            text += f"{indent}{code(call.func.value)}.zero_grad()\n"
            continue
        listed = updated(call, plan.updaters)
        text += f"{indent}for param in {listed}:\n{indent}    param.grad = None\n"
    return text


def _touches(statement: cst.CSTNode) -> bool:
    if m.findall(statement, m.Attribute(attr=m.Name("grad"))):
        return True
    for call in m.findall(statement, m.Call()):
        assert isinstance(call, cst.Call)
        name = code(call.func).split(".")[-1]
        if not m.matches(call, STEP) and name not in HARMLESS:
            return True
    return False


def _updates_unseen(statement: cst.CSTNode, found: Plan) -> bool:
    """updater(batch_size): an update of parameters that the text does not name."""
    return any(
        isinstance(call, cst.Call)
        and code(call.func).split(".")[-1] in UPDATES
        and not updated(call, found.updaters)
        for call in m.findall(statement, m.Call())
    )


def _backward(
    call: cst.Call, after: Sequence[cst.CSTNode], found: Plan, before: cst.CSTNode | None
) -> None:
    followers: list[cst.CSTNode] = []
    for statement in after:
        if m.findall(statement, BACKWARD):
            break
        followers.append(statement)
    zero = "".join(_zero(s, found) for s in followers)
    if not zero and any(_updates_unseen(s, found) for s in followers):
        assert isinstance(call.func, cst.Attribute)
        zero = f"runtime.zero_grad({code(call.func.value)})\n"
    if zero:
        found.zero[before or call] = zero
    direct: list[cst.Call] = []
    nested = False
    last = -1
    for index, statement in enumerate(followers):
        for step in _consumers(statement, found):
            if not isinstance(statement, cst.SimpleStatementLine) or updated(step, found.updaters):
                nested = True
            if m.matches(step, STEP):
                direct.append(step)
                last = index
    texts = {code(step.args[0].value) for step in direct}
    if not direct:
        return
    touched = any(_touches(s) for s in followers[: last + 1]) or any(
        m.findall(s, m.Attribute(attr=m.Name("grad"))) for s in followers
    )
    head_given = bool(call.args)
    read_before = sum(gradients_read(code(s)) for s in followers[: last + 1])
    if found.reads > read_before:
        found.kept.update(direct)
    elif len(texts) == 1 and not nested and not touched and not head_given:
        if texts != {"1"}:
            found.divide[call] = texts.pop()
        for step in direct:
            found.rescale.setdefault(step, "")
        return
    for step in direct:
        text = code(step.args[0].value)
        found.rescale[step] = "" if text == "1" else text
