"""Deliberately wrong backends, each of which the checks in this folder must catch."""

from tests.parity.wrong.row import Wrong
from tests.parity.wrong.table_arrays import ARRAYS
from tests.parity.wrong.table_functions import FUNCTIONS
from tests.parity.wrong.table_gradients import GRADIENTS
from tests.parity.wrong.table_layers import LAYERS
from tests.parity.wrong.table_losses import LOSSES
from tests.parity.wrong.table_optimisation import OPTIMISATION
from tests.parity.wrong.table_precision import PRECISION
from tests.parity.wrong.table_recurrent import RECURRENT
from tests.parity.wrong.table_specials import SPECIALS

WRONG = [
    *ARRAYS,
    *FUNCTIONS,
    *RECURRENT,
    *LOSSES,
    *OPTIMISATION,
    *LAYERS,
    *PRECISION,
    *GRADIENTS,
    *SPECIALS,
]

__all__ = ["WRONG", "Wrong"]
