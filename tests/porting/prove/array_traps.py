"""Traps of arrays: axes, codes, orders, types, memory."""

from __future__ import annotations

from tests.porting.prove.sections import Section, Trap

ARRAYS = [
    Section(
        "concat",
        "left, right = nd.arange(4).reshape((2, 2)), nd.ones((2, 2))\njoined = nd.concat(left, right)\n",
        [Trap("9", "along axis 0", "dim=1", "dim=0", "joined =", r"joined: the original has shape \(2, 4\), the port \(4, 2\)")],
    ),
    Section(
        "reshape",
        """
cube = nd.arange(24).reshape((2, 3, 4))
kept = cube.reshape((0, -1))
merged = cube.reshape((-3, 0))
""",
        [
            Trap("10", "0 as a size", "(cube.shape[0], -1)", "(0, -1)", "kept =", r"the port raises line \d+: RuntimeError: shape .*0, -1.* is invalid"),
            Trap("10", "-1 elsewhere", "(cube.shape[0], -1)", "(-1, cube.shape[-1])", "kept =", r"kept: the original has shape \(2, 12\), the port \(6, 4\)"),
            Trap("10", "-3 as a size", "(cube.shape[0] * cube.shape[1], cube.shape[2])", "(-3, 0)", "merged =", r"the port raises line \d+: RuntimeError: invalid shape"),
        ],
    ),
    Section(
        "dot",
        "squares = nd.arange(27).reshape((3, 3, 3))\nproduct = nd.dot(squares, squares)\n",
        [Trap("14", "in batches", "torch.tensordot(squares, squares, dims=1)", "torch.matmul(squares, squares)", "product =", r"the original has shape \(3, 3, 3, 3\), the port \(3, 3, 3\)")],
        [("torch.matmul(squares, squares)", "torch.tensordot(squares, squares, dims=1)")],
    ),
    Section(
        "repeat",
        "twice = nd.array([1, 2, 3]).repeat(2)\ncount = twice.size\n",
        [
            Trap("14", "tiled", "repeat_interleave", "repeat", "twice =", r"twice: 1 in the original, 2 in the port at \[1\]"),
            Trap("14", "a method for a number", "twice.numel()", "twice.size", "count =", r"count: the original has 6\.0, the port a function"),
        ],
    ),
    Section(
        "vocabulary",
        """
text = 'a loop of words that is set once and read in an order of its own'
vocabulary = list(set(text.split()))
index = dict([(word, i) for i, word in enumerate(vocabulary)])
""",
        [Trap("15c", "sorted", "list(set(text.split()))", "sorted(set(text.split()))", "vocabulary =", r"vocabulary\[\d\]: the original has '\w+', the port '\w+'")],
    ),
    Section(
        "types",
        """
guess = nd.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
truth = nd.array([0, 2])
masked = 1 - (truth == 2)
both = (truth == 2) + (truth > 1)
chosen = guess.argmax(axis=1)
chosen[0] = 1.5
truth[1] = 0.5
large = nd.array(np.array([16777217.0, 3.0])) - 16777216
""",
        [
            Trap("19", "an integer array", "truth = torch.tensor([0, 2], dtype=torch.float32)", "truth = torch.tensor([0, 2])", "truth[1] =", r"truth: 0\.5 in the original, 0 in the port at \[1\]"),
            Trap("19", "1 minus truth values", "1 - (truth == 2).float()", "1 - (truth == 2)", "masked =", r"the port raises line \d+: RuntimeError: Subtraction"),
            Trap("19", "the sum of truth values", "(truth == 2).float() + (truth > 1).float()", "(truth == 2) + (truth > 1)", "both =", r"both: 2 in the original, 1 in the port at \[1\]"),
            Trap("19", "integer argmax", "argmax(dim=1).float()", "argmax(dim=1)", "chosen[0] =", r"chosen: 1\.5 in the original, 1 in the port at \[0\]"),
            Trap("19", "float64", "torch.tensor(np.array([16777217.0, 3.0]), dtype=torch.float32)", "torch.tensor(np.array([16777217.0, 3.0]))", "large =", r"large: 0 in the original, 1 in the port at \[0\]"),
        ],
    ),
    Section(
        "memory",
        """
grid = nd.arange(6).reshape((2, 3))
numbers = grid.asnumpy()
numbers[:] = 7
after = grid + 0
window = grid[0:1]
window += 1
later = grid + 0
""",
        [
            Trap("memory", "NumPy on the tensor's memory", ".numpy().copy()", ".numpy()", "after = grid + 0", r"after: 0 in the original, 7 in the port at \[0, 0\]"),
            Trap("memory", "a copy for a view", "window = grid[0:1]", "window = grid[0:1].clone()", "later = grid + 0", r"later: 1 in the original, 0 in the port at \[0, 0\]"),
        ],
        [("grid.detach().cpu().numpy()", "grid.detach().cpu().numpy().copy()")],
    ),
    Section(
        "order",
        """
numbers_of = nd.array([3.0, 1.0, 2.0])
best = numbers_of.topk(k=2)
ranked = nd.argsort(numbers_of)
total = nd.ones((2, 3)).sum(axis=1, keepdims=True)
""",
        [
            Trap("values", "values for indices", ".indices", ".values", "best =", r"best: 0 in the original, 3 in the port"),
            Trap("values", "without the axis", "keepdim=True", "keepdim=False", "total =", r"shape \(2, 1\), the port \(2,\)"),
        ],
    ),
]  # fmt: skip
