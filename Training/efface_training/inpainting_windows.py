"""Training windows and holes, drawn on the device that trains: a processor's threads could not feed a GPU."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .photos import PhotoStore


class DeviceWindows:
    """All photos of a store as one tensor of packed pixels, and all holes of a pool, on `device`."""

    def __init__(self, store: PhotoStore, pool: np.ndarray, device: torch.device):
        pixels = int(store.offsets[-1]) // 3
        self.pixels = torch.empty(pixels, dtype=torch.int32, device=device)
        for first in range(0, pixels, 1 << 26):
            rgb = store.bytes[3 * first : 3 * min(pixels, first + (1 << 26))].reshape(-1, 3)
            packed = np.zeros((len(rgb), 4), np.uint8)
            packed[:, :3] = rgb
            self.pixels[first : first + len(rgb)] = torch.from_numpy(packed.view(np.int32)[:, 0]).to(device)
        tensor = lambda values: torch.as_tensor(np.array(values), device=device)  # noqa: E731
        self.offsets = tensor(store.offsets[:-1] // 3)
        self.heights, self.widths = tensor(store.shapes).long().unbind(1)
        self.weights = tensor(np.diff(store.cumulative, prepend=0)).float()
        self.holes = torch.cat([tensor(np.unpackbits(part, axis=2)) for part in np.array_split(np.asarray(pool), 16)])
        self.random = torch.Generator(device)

    def _uniform(self, count: int, low: float = 0, high: float = 1) -> torch.Tensor:
        return torch.rand(count, generator=self.random, device=self.pixels.device) * (high - low) + low

    def windows(self, count: int, size: int, smallest: int = 150) -> torch.Tensor:
        """Square crops of random photos, count x 3 x size x size in whole numbers 0...255; half of them mirrored."""
        photo = torch.multinomial(self.weights, count, True, generator=self.random)
        height, width = self.heights[photo], self.widths[photo]
        side = torch.minimum(height, width)
        least = side.clamp_max(max(size, smallest))
        crop = least + self._uniform(count) * (side - least)
        left, top = self._uniform(count) * (width - crop), self._uniform(count) * (height - crop)
        every = -(-384 // size)  # samples a pixel and axis: their mean is the mean of its area
        at = (torch.arange(size * every, device=crop.device) + 0.5) / (size * every)
        columns = torch.where(self._uniform(count)[:, None] < 0.5, at, 1 - at) * crop[:, None] + left[:, None]
        rows = at * crop[:, None] + top[:, None]
        columns = torch.minimum(columns.long(), width[:, None] - 1)
        rows = torch.minimum(rows.long(), height[:, None] - 1)
        packed = self.pixels[(self.offsets[photo][:, None] + rows * width[:, None])[:, :, None] + columns[:, None]]
        pixels = torch.stack([(packed >> shift) & 255 for shift in (0, 8, 16)], 1).float()
        gain = torch.exp(torch.randn(count, 4, generator=self.random, device=crop.device) * 0.06)
        pixels = F.avg_pool2d(pixels, every) * (gain[:, :3] * gain[:, 3:])[:, :, None, None]
        return pixels.round().clamp(0, 255)

    def holes_of(self, count: int, size: int) -> torch.Tensor:
        """Holes of the pool, turned and mirrored: count x 1 x size x size. Those of windows of full size, in which the product's
        holes have a third of the width, are often made smaller."""
        which = torch.randint(len(self.holes), (count,), generator=self.random, device=self.holes.device)
        hole = self.holes[which].float()[:, None]
        for turned in (hole.flip(3), hole.flip(2), hole.mT):
            hole = torch.where(self._uniform(count)[:, None, None, None] < 0.5, turned, hole)
        full = hole.shape[-1]
        if size < full:
            return (F.adaptive_max_pool2d(hole, size) > 0).float()
        scale = self._uniform(count, 0.4, 1.3).clamp_max(1)
        shift = torch.stack([self._uniform(count, -1) * (1 - scale) for _ in range(2)], 1)
        matrix = torch.cat([torch.eye(2, device=hole.device)[None] / scale[:, None, None], (-shift / scale[:, None])[..., None]], 2)
        return F.grid_sample(hole, F.affine_grid(matrix, hole.shape, align_corners=False), "nearest", align_corners=False)

    def batch(self, count: int, size: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.windows(count, size), self.holes_of(count, size)
