"""The inpainting network and its input: a smooth pull-push fill of the hole, and the mask.

The network sees the whole window (the hole with context around it) at a low resolution and predicts
what must be added to the smooth fill. Every operation is one of the network file's (see `graph.py`).
There are no normalization layers: `limit_gain` keeps every convolution's gain bounded instead. What
comes up from the coarser level is added without a ReLU: with one, a young coarse level is soon switched
off for ever, because at first it only disturbs.
"""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

MASK_KEEP, MASK_HOLE = 128, 255  # mask byte; (byte - 128) / 128 is 0 or 0.992


def pull_push(pixels: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Fills the hole smoothly from its surroundings.

    pixels: N x 3 x H x W, 0...255; hole: N x 1 x H x W, 1 = fill. Returns floats; outside the hole
    they equal `pixels`. Level k of the pyramid holds averages over 2^k squares of the known colour
    (premultiplied) and of the known area; halving stops at the first odd side. Cells without any
    known pixel at the top take the mean of all known pixels. On the way up each level is laid over
    the bilinear enlargement of the one above it.
    """
    colour, area = pixels * (1 - hole), 1 - hole
    levels = [(colour, area)]
    while levels[-1][1].shape[2] % 2 == 0 and levels[-1][1].shape[3] % 2 == 0:
        levels.append(tuple(F.avg_pool2d(t, 2) for t in levels[-1]))
    colour, area = levels[-1]
    mean = colour.mean((2, 3), keepdim=True) / area.mean((2, 3), keepdim=True).clamp_min(1e-12)
    fill = torch.where(area > 0, colour / area.clamp_min(1e-12), mean)
    for colour, area in levels[-2::-1]:
        above = F.interpolate(fill, scale_factor=2, mode="bilinear", align_corners=False)
        fill = colour + (1 - area) * above
    return fill


def pack_input(pixels: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """N x 4 x H x W network input in real values: the prefilled bytes and the mask byte, (v - 128) / 128."""
    fill = torch.floor(pull_push(pixels, hole) + 0.5).clamp(0, 255)
    mask = MASK_KEEP + (MASK_HOLE - MASK_KEEP) * hole
    return (torch.cat([fill, mask], 1) - 128) / 128


def conv3(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)
    return conv


class Residual(nn.Module):
    """Two convolutions added to their input; the first may be dilated. The sum stays linear: nothing dies."""

    def __init__(self, channels: int, dilation: int = 1):
        super().__init__()
        self.first = conv3(channels, channels, 1, dilation)
        self.second = conv3(channels, channels)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(F.relu(self.first(x)))


def _kernels(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, p) for name, p in network.named_parameters() if p.dim() == 4]


@torch.no_grad()
def gain_limits(network: nn.Module) -> torch.Tensor:
    """The greatest norm that each kernel may take: that of a variance-keeping initialization (half of it where a
    layer's result is added to its block's input), or what it has, which after pruning may be more."""
    kernels = _kernels(network)
    limits = [(2 * p.shape[0]) ** 0.5 * (0.5 if ".second." in name else 1.0) for name, p in kernels]
    norms = torch.stack(torch._foreach_norm([p for _, p in kernels]))
    return torch.maximum(torch.tensor(limits, device=norms.device), norms)


@torch.no_grad()
def limit_gain(network: nn.Module, limits: torch.Tensor) -> None:
    """Scales kernels back whose norm has passed its limit."""
    parameters = [p for _, p in _kernels(network)]
    norms = torch.stack(torch._foreach_norm(parameters)).clamp_min(1e-12)
    torch._foreach_mul_(parameters, list((limits / norms).clamp_max(1.0).unbind()))


class InpaintingNetwork(nn.Module):
    """N x 4 x H x W packed input -> N x 3 x H x W to be added to the prefilled RGB; sides multiples of 32.

    widths: channels at 1/4 of the window and at 1/8; dilations: of the residual blocks at 1/8, which let it see far.
    """

    def __init__(self, widths=(96, 128), head=32, dilations=(1, 2, 4, 8, 1, 1)):
        super().__init__()
        fine, middle = widths
        self.config = dict(widths=list(widths), head=head, dilations=list(dilations))
        self.stem = conv3(64, fine)
        self.fine_in = nn.ModuleList([Residual(fine)])
        self.down = conv3(fine, middle, 2)
        self.middle = nn.ModuleList([Residual(middle, d) for d in dilations])
        self.up = conv3(middle, fine)
        self.fine_out = nn.ModuleList([Residual(fine), Residual(fine)])
        self.up_head = conv3(fine, head)
        self.out = nn.Conv2d(head, 12, 3, 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem(F.pixel_unshuffle(x, 4)))
        for block in self.fine_in:
            x = block(x)
        y = F.relu(self.down(x))
        for block in self.middle:
            y = block(y)
        x = x + F.interpolate(self.up(y), scale_factor=2)
        for block in self.fine_out:
            x = block(x)
        x = F.interpolate(F.relu(self.up_head(x)), scale_factor=2)
        return F.pixel_shuffle(self.out(x), 2)
