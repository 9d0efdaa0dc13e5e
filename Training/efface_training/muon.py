"""Muon for convolution weights (orthogonalized momentum), AdamW for everything else."""

from __future__ import annotations

import torch

from .precision import short_float


def orthogonalize(matrices: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrices (Jordan et al., 2024); ... x rows x columns."""
    x = matrices.to(short_float(matrices.device.type))
    wide = x.size(-2) <= x.size(-1)
    if not wide:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * (a @ a)) @ x
    return (x if wide else x.mT).float()


class Muon(torch.optim.Optimizer):
    """`lr`, a number or a tensor, is on AdamW's scale: an update's root mean square is 0.2 (Liu et al., 2025)."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            alike: dict[tuple, list] = {}  # those of one shape are one batch of matrices
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(tuple(p.shape), []).append(p)
            for shape, parameters in alike.items():
                gradients = [p.grad for p in parameters]
                buffers = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in parameters]
                torch._foreach_lerp_(buffers, gradients, 1 - group["momentum"])
                updates = torch._foreach_lerp(gradients, buffers, group["momentum"])
                updates = torch.stack([u.flatten(1) for u in updates])
                scale = 0.2 * max(updates.shape[1:]) ** 0.5
                updates = orthogonalize(updates).view(-1, *shape) * (-group["lr"] * scale)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(parameters, list(updates))
