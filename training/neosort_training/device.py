"""Where a run computes, and in which precision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

DeviceName = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]

# Flags of a processor that multiplies bfloat16 itself; one that has to widen it first takes eight times as long as with
# float32 (measured on one with AVX2 alone).
_NATIVE_BF16 = frozenset({"avx512_bf16", "amx_bf16"})
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """``dtype``: of convolutions and products; float32 is plain, the others are mixed precision by autocast.

    Weights, heads' targets and losses stay in float32 in any case.
    """

    device: torch.device
    dtype: torch.dtype

    def autocast(self) -> torch.autocast:
        """The context of a forward pass."""
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in float16; does nothing in the other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)

    def __str__(self) -> str:
        return f"{self.device}, {str(self.dtype).removeprefix('torch.')}"


def choose_arithmetic(device: DeviceName, precision: Precision, local_rank: int = 0) -> Arithmetic:
    """What the configuration asks for, or the best that this machine does well.

    ``local_rank``: which of the machine's processes this is, each has a graphics card of its own. Raises `ValueError`
    for what the machine cannot do.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("optimiser.device = 'cuda': torch finds no CUDA device here, use 'auto' or 'cpu'")
    on_cuda = device != "cpu" and torch.cuda.is_available()
    if on_cuda and local_rank >= torch.cuda.device_count():
        raise ValueError(f"process {local_rank} of this machine has no CUDA device, it has {torch.cuda.device_count()}")
    if precision == "fp16" and not on_cuda:
        raise ValueError("optimiser.precision = 'fp16' needs a CUDA device, use 'auto'")
    if precision == "auto":
        precision = _best_on_cuda() if on_cuda else _best_on_cpu(Path("/proc/cpuinfo"))
    return Arithmetic(
        device=torch.device("cuda", local_rank) if on_cuda else torch.device("cpu"), dtype=_DTYPES[precision]
    )


def _best_on_cuda() -> Precision:
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def _best_on_cpu(cpuinfo: Path) -> Precision:
    """As the processor's flags say; float32 where there is nobody to ask."""
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return "fp32"
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), [])
    return "bf16" if _NATIVE_BF16 & set(flags) else "fp32"
