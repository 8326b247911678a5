"""Second names: old spellings and modules that hold the same function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from porting.api_map.row import Row

ALIASES = {
    "nd.ElementWiseSum": "nd.add_n",
    "nd.Reshape": "nd.reshape",
    "nd.Flatten": "nd.flatten",
    "nd.SliceChannel": "nd.split",
    "nd.reverse": "nd.flip",
    "nd.choose_element_0index": "nd.pick",
    "nd.true_divide": "nd.divide",
    "nd.linalg.gemm2": "nd.linalg_gemm2",
    "nd.linalg.potrf": "nd.linalg_potrf",
    "nd.linalg.inverse": "nd.linalg_inverse",
    "nd.Pad": "nd.pad",
    "nd.random_randint": "nd.random.randint",
    "nd.random_multinomial": "nd.random.multinomial",
    "nd.sample_multinomial": "nd.random.multinomial",
    "nd.random_exponential": "nd.random.exponential",
    "nd.random_poisson": "nd.random.poisson",
    "random.normal": "nd.random.normal",
    "random.uniform": "nd.random.uniform",
    "random.randn": "nd.random.randn",
    "random.randint": "nd.random.randint",
    "random.shuffle": "nd.random.shuffle",
    "random.multinomial": "nd.random.multinomial",
    "test_utils.list_gpus": "context.num_gpus",
}


def rows(table: Mapping[str, Row]) -> Iterator[Row]:
    """A row for each second name, its example under that name."""
    for name, first in ALIASES.items():
        if first not in table or name in table:
            continue
        row = table[first]
        example = row.example.replace(f"{first}(", f"{name}(")
        yield replace(row, name=name, example=example if example != row.example else "")
