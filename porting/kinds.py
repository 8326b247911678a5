"""What the text says about the type of an expression."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Layer:
    """One layer added to a Sequential: where its main part stands, and what comes out.

    A layer that is a Sequential of its own holds its main part at ``inner``.
    """

    width: int = 1
    main: int = 0
    flat: bool | None = None
    inner: int | None = None


@dataclass
class Kind:
    """The type of a value: tensor, numpy, py, module, trainer, loss, device, param, or unknown.

    A function whose ``detail`` is ``asks`` asks whether the code trains.
    """

    name: str = "unknown"
    layers: list[Layer] | None = None
    returns: Kind | None = None
    detail: str = ""
    alias: str = ""
    main: int | None = None
    scalar: bool = False
    boolean: bool = False
    number: bool = False
    methods: frozenset[str] = frozenset()


UNKNOWN = Kind()
TENSOR = Kind("tensor")
PYTHON = Kind("py")


@dataclass
class Scope:
    """Names of a function, a class, or the document."""

    names: dict[str, Kind] = field(default_factory=dict)
    is_function: bool = False
    is_lambda: bool = False
    evaluates: bool = False
    is_class: bool = False
    is_module_class: bool = False
    has_record: bool = False
    asks: bool = False
    reads: bool = False
    returned: Kind | None = None
    flat_calls: dict[str, bool] = field(default_factory=dict)
    leaves: list[str] = field(default_factory=list)
