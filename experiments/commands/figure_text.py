"""Numbers as a page writes them."""

from __future__ import annotations

NOT_FINITE = "not finite"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def readable(number: str) -> str:
    """A number that Python has formatted, with its power of ten as people write it: 2×10⁻⁵."""
    mantissa, e, exponent = number.partition("e")
    if not e:
        return number
    power = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return power if mantissa == "1" else f"{mantissa}×{power}"


def number(value: float | None, digits: int = 4) -> str:
    """A figure with so many digits; null in a result stands for what was no finite number."""
    if value is None:
        return NOT_FINITE
    if float(value).is_integer() and abs(value) < 10**digits:
        return f"{value + 0.0:.0f}"  # −0 is 0
    return readable(f"{value:#.{digits}g}".rstrip(".").replace(".e", "e"))


def metric(value: float | list[float | None] | None) -> str:
    """A metric of one epoch; of a profile its range, the picture shows it whole."""
    return range_of(value) if isinstance(value, list) else number(value)


def range_of(values: list[float | None]) -> str:
    """The smallest and the largest of the finite ones."""
    finite = [value for value in values if value is not None]
    return f"{number(min(finite))} … {number(max(finite))}" if finite else NOT_FINITE
