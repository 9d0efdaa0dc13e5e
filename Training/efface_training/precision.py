"""Where training may compute in bfloat16."""

from __future__ import annotations

import torch


_CPU_HAS_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()  # asked here, where no compiler looks in


def short_float(device: str) -> torch.dtype:
    """bfloat16, or float32 on processors without instructions for it, which are many times as slow with it."""
    return torch.bfloat16 if device != "cpu" or _CPU_HAS_BFLOAT16 else torch.float32


def mixed_precision(device: str, wanted: bool = True) -> torch.autocast:
    """Autocast to `short_float` on a kind of device."""
    return torch.autocast(device, torch.bfloat16, enabled=wanted and short_float(device) == torch.bfloat16)
