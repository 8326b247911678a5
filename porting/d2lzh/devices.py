"""Choose the device to compute on."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from backends.errors import InputError

Device = torch.device | str | Sequence[torch.device | str]


def try_gpu() -> torch.device:
    """The first GPU, or the CPU if there is none."""
    return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def try_all_gpus() -> list[torch.device]:
    """Every GPU, or a list of the CPU alone if there is none."""
    gpus = [torch.device("cuda", i) for i in range(torch.cuda.device_count())]
    return gpus or [torch.device("cpu")]


def only_device(device: Device) -> torch.device:
    """The device, or the one device of a list. Raises InputError for more, or none."""
    devices = [device] if isinstance(device, (str, torch.device)) else list(device)
    if len(devices) != 1:
        raise InputError(
            f"{len(devices)} devices {list(map(str, devices))} were given: give one, "
            "a batch is not split over several"
        )
    return torch.device(devices[0])
