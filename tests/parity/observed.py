"""Print the largest differences observed, to tune backends.agreement.TOLERANCES by.

python -m tests.parity.observed [float32 | float64]
"""

import sys
from collections import defaultdict

from backends import get_backend
from tests.conftest import FRAMEWORKS
from tests.parity.cases import CASES
from tests.parity.check import (
    differences,
    expected_forward,
    expected_gradients,
    forward,
    gradients,
    tolerance,
)


def main(dtype: str = "float32") -> None:
    observed = defaultdict(list)
    for backend in [get_backend(name, dtype=dtype) for name in FRAMEWORKS]:
        for case in CASES:
            results = [(case.forward, forward, expected_forward)]
            if case.gradient is not None:
                results.append((case.gradient, gradients, expected_gradients))
            for kind, compute, expect in results:
                apart = differences(compute(case, backend), expect(case, dtype), kind, dtype)
                for name, value in apart.items():
                    what = f"{case} {compute.__name__} {name}"
                    observed[kind, backend.name].append((value, what))
    for (kind, name), found in sorted(observed.items()):
        print(f"{kind} on {name}: {len(found)} arrays, tolerance {tolerance(kind, dtype):.1e}")
        for value, what in sorted(found, reverse=True)[:8]:
            print(f"  {value:.1e}  {what}")


if __name__ == "__main__":
    main(*sys.argv[1:])
