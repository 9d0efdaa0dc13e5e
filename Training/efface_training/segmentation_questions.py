"""What training asks for: clicks and boxes of many things at once, as tensors on the device that trains."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .segmentation_network import OFFSET_UNIT
from .segmentation_sampling import Prompted

MOST_CLICKS = 6  # of one kind


def arrays(prompts: list[tuple[int, Prompted]]) -> dict[str, np.ndarray]:
    """The prompts of a batch (the number of its picture, and what is asked) as arrays; -1 where there is no click or box."""
    count, cells = len(prompts), prompts[0][1].mask.shape[0] if prompts else 1
    out = {
        "picture": np.array([n for n, _ in prompts], np.int64),
        "mask": np.zeros((count, cells, cells), np.float32), "valid": np.zeros((count, cells, cells), bool),
        "positive": np.full((count, MOST_CLICKS, 2), -1, np.int64), "negative": np.full((count, MOST_CLICKS, 2), -1, np.int64),
        "box": np.full((count, 4), -1, np.int64),
    }  # fmt: skip
    for row, (_, p) in enumerate(prompts):
        out["mask"][row], out["valid"][row] = p.mask, p.valid
        for name, points in (("positive", p.positive), ("negative", p.negative)):
            if points:
                out[name][row, : len(points)] = points
        if p.box is not None:
            out["box"][row] = p.box
    return out


def depth(region: torch.Tensor) -> torch.Tensor:
    """The Euclidean distance of every cell of regions (N x H x W) from what lies outside them, the border too."""
    outside = F.pad(torch.where(region, torch.inf, 0.0), (1, 1, 1, 1))
    for _ in range(2):  # lower envelopes of parabolas along columns, then rows (Felzenszwalb and Huttenlocher, 2012)
        steps = torch.arange(outside.shape[1], device=region.device)
        away = (steps[:, None] - steps[None]).square()
        outside = (outside[:, None] + away[None, :, :, None]).amin(2).mT
    return outside[:, 1:-1, 1:-1].sqrt()


class Questions:
    """P things to be found in a batch of pictures, and the clicks and boxes given so far, in cells of a quarter."""

    def __init__(self, fields: dict[str, torch.Tensor]):
        self.__dict__.update(fields)  # those of `arrays`

    def __len__(self) -> int:
        return len(self.picture)

    def chosen(self, rows: torch.Tensor) -> Questions:
        return Questions({name: value[rows] for name, value in self.__dict__.items()})

    def filled(self, count: int) -> Questions:
        """`count` of them, some twice where there are fewer: batches of one size cost a device no planning."""
        return self.chosen(torch.arange(count, device=self.picture.device) % len(self))

    def inside_boxes(self) -> torch.Tensor:
        """P x cells x cells: whether a cell is in the thing's box."""
        left, top, right, bottom = self.box[..., None].unbind(1)
        at = torch.arange(self.mask.shape[1], device=self.box.device)
        rows, columns = (at >= top) & (at < bottom), (at >= left) & (at < right)
        return rows[:, :, None] & columns[:, None]  # without a box, all four are -1

    def clicks(self) -> torch.Tensor:
        """P x 3 x cells x cells: 1 at positive clicks, at negative ones, in the box (`clicks_map`)."""
        cells = self.mask.shape[1]
        maps = self.mask.new_zeros(len(self), 2, cells * cells + 1)
        for channel, points in enumerate((self.positive, self.negative)):
            at = torch.where(points[..., 0] < 0, cells * cells, points[..., 0] * cells + points[..., 1])
            maps[:, channel].scatter_(1, at, 1.0)
        maps = F.max_pool2d(maps[..., :-1].view(-1, 2, cells, cells), 3, 1, 1)
        return torch.cat([maps, self.inside_boxes()[:, None].to(maps.dtype)], 1)

    def prior(self, instance: torch.Tensor, semantic: torch.Tensor) -> torch.Tensor:
        """Where the heads' answers for each thing's picture see it (`prior_map`): P x cells x cells.

        `instance` is P x 3 x cells x cells, `semantic` P x C x cells x cells probabilities.
        """
        cells = instance.shape[-1]
        at = torch.arange(cells, dtype=torch.float32, device=instance.device)
        rows, columns = at[:, None] + instance[:, 1] * OFFSET_UNIT, at + instance[:, 2] * OFFSET_UNIT
        given = self.positive[..., 0] >= 0
        flat = (self.positive[..., 0] * cells + self.positive[..., 1]).clamp_min(0)
        away = sum((v[:, None] - v.flatten(1).gather(1, flat)[..., None, None]).square() for v in (rows, columns))
        root = semantic.sqrt()
        there = root.flatten(2).gather(2, flat[:, None].expand(-1, root.shape[1], -1))
        alike = torch.einsum("pchw,pck->pkhw", root, there)
        clicked = (torch.exp(-away / 18) * alike * given[..., None, None]).amax(1)
        left, top, right, bottom = self.box[..., None, None].unbind(1)
        spread = 1 + 0.15 * ((right - left) + (bottom - top)) / 2
        away = (rows - (top + bottom - 1) / 2).square() + (columns - (left + right - 1) / 2).square()
        boxed = torch.exp(-away / (2 * spread.square())) * self.inside_boxes()
        return torch.maximum(clicked, boxed)

    def correct(self, predicted: torch.Tensor) -> None:
        """Adds a click in the middle of each one's largest mistake; `predicted` is P x cells x cells."""
        hard = self.mask > 0.5
        mistakes = [hard & ~predicted & self.valid, ~hard & predicted & self.valid]
        depths = torch.stack([depth(m).flatten(1) for m in mistakes], 1)
        deepest, at = depths.max(2)
        point = torch.stack([at // self.mask.shape[2], at % self.mask.shape[2]], -1)
        extra = deepest[:, 1] > deepest[:, 0]
        for kind, points, wanted in ((0, self.positive, ~extra), (1, self.negative, extra)):
            slot = (points[..., 0] >= 0).sum(1)
            row = torch.arange(len(self), device=slot.device)
            last = slot.clamp_max(MOST_CLICKS - 1)
            added = wanted & (deepest[:, kind] >= 1) & (slot < MOST_CLICKS)
            points[row, last] = torch.where(added[:, None], point[:, kind], points[row, last])


def shown(clicks: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """Click maps and prior, 0...1, as the prompt decoder reads them: (byte - 128) / 128."""
    joined = torch.cat([clicks * 127, (127 * prior[:, None]).round()], 1) / 128
    return joined.contiguous(memory_format=torch.channels_last)
