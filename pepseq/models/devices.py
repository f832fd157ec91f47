"""Devices and number formats of networks, and errors of devices."""

import torch

from pepseq.errors import SettingsError

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def pick_device(device: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `mps`; SettingsError if it is missing."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        device = next(name for name, is_available in available.items() if is_available)
    if not available[device]:
        raise SettingsError(f"--device {device}: not available on this machine")
    return torch.device(device)


def pick_precision(precision: str, device: torch.device) -> str:
    """Return the precision; `auto` is bf16 (or fp16) on a CUDA GPU, fp32 elsewhere."""
    if precision != "auto":
        if precision == "int8" and device.type != "cpu":
            raise SettingsError("--precision int8: works on the CPU only; choose bf16 on a GPU")
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "fp32"


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error means that the memory of device or machine ran out."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "allocate memory" in text or "not enough memory" in text
    )
