"""The objects of a photo as the product finds them (ObjectSearch): in the whole of it, and smaller ones in parts of it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from .segmentation_data import CLASSES
from .segmentation_export import network_size
from .segmentation_grouping import grouped, soft_cells
from .segmentation_prompts import enlarged

LEAST_CELLS, GREATEST_SHARE = 24, 0.2
COARSE_SIDE, LEAST_HINT = 384, 0.45  # at which, and from which score on, one view of a part tells whether to look closer
SMALL = ("person", "car", "motorcycle", "cat", "dog")


class Found(NamedTuple):
    """An object."""

    name: int
    cells: np.ndarray  # in the cells of the whole photo
    score: float
    pixels: np.ndarray | None = None  # in the photo's pixels
    closer: tuple[np.ndarray, tuple[int, int, int, int]] | None = None  # shares of a part's cells, and the part
    box: tuple[float, float, float, float] | None = None  # of an object of a part, in the photo's pixels


def parts(shape) -> list[tuple[int, int, int, int]]:
    height, width = shape[:2]
    w, h = width * 3 // 5, height * 3 // 5
    return [(x, y, x + w, y + h) for y in (0, height - h) for x in (0, width - w)]


def whole(cells: np.ndarray, window, shape) -> bool:
    """Whether an object ends within a part, or where the photo does."""
    x0, y0, x1, y1 = window
    cut = (x0 > 0 and cells[:, :2].any(), y0 > 0 and cells[:2].any(), x1 < shape[1] and cells[:, -2:].any(),
           y1 < shape[0] and cells[-2:].any())  # fmt: skip
    return not any(cut)


def found_objects(model, look, pixels: np.ndarray, look_at) -> list[Found]:
    """Largest first. `look_at` shows the model a window of the photo, as `Look` does."""
    shape, t = pixels.shape, model.thresholds

    def listed(semantic, instance, t=t):
        groups = sorted(grouped(semantic, instance, t), key=lambda o: -o[1].sum())
        return [o for o in groups if CLASSES[o[0]] not in model.unlisted]

    found = [Found(n, c, s, enlarged(c, look.window, shape) > 0.5) for n, c, s in listed(look.semantic, look.instance)]
    taken = np.zeros(shape[:2], bool)
    for each in found:
        taken |= each.pixels

    def new(groups, window, least_cells=LEAST_CELLS):
        for name, cells, score in groups:
            mask = enlarged(cells, window, shape) > 0.5
            fits = cells.sum() >= least_cells and CLASSES[name] in SMALL and whole(cells, window, shape)
            if fits and (taken & mask).sum() <= GREATEST_SHARE * mask.sum():
                yield name, cells, score, mask

    for window in parts(shape):
        x0, y0, x1, y1 = window
        size = network_size(x1 - x0, y1 - y0, COARSE_SIDE)
        way = cv2.INTER_AREA if size[0] < x1 - x0 else cv2.INTER_LINEAR
        semantic, instance, _ = model.main(cv2.resize(pixels[y0:y1, x0:x1], size, interpolation=way))
        seen = listed(semantic, instance, replace(t, least_score=LEAST_HINT))
        if not any(new(seen, window, LEAST_CELLS * 3 // 4)):
            continue
        part = look_at(window)
        for name, cells, score, mask in new(listed(part.semantic, part.instance), window):
            own = cv2.resize(mask.astype(np.float32), (look.width, look.height), interpolation=cv2.INTER_AREA)
            own = own > (0.5 if (own > 0.5).any() else 0)
            ys, xs = np.nonzero(cells)
            sx, sy = (x1 - x0) / part.width, (y1 - y0) / part.height
            box = (x0 + xs.min() * sx, y0 + ys.min() * sy, x0 + (xs.max() + 1) * sx, y0 + (ys.max() + 1) * sy)
            found.append(Found(name, own, score, mask, (soft_cells(part.semantic, cells, name), window), box))
            taken |= mask
    return sorted(found, key=lambda each: -each.pixels.sum())
