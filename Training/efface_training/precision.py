"""Where training may compute in bfloat16."""

from __future__ import annotations

import torch


def mixed_precision(device: str, wanted: bool = True) -> torch.autocast:
    """Autocast to bfloat16 on a kind of device; processors without instructions for it are several times as slow with it
    and compute in float32."""
    return torch.autocast(device, torch.bfloat16, enabled=wanted and (device != "cpu" or torch.cpu._is_avx512_bf16_supported()))
