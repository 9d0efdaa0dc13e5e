"""Hole shapes for training and evaluation: real objects' outlines first, then strokes, boxes, blobs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def object_shapes(data: Path, split: str, limit: int = 0, side: int = 256) -> list[np.ndarray]:
    """Outlines of labelled objects, cropped to their boxes, 1 = object, longest side at most `side`."""
    shapes = []
    for line in (data / "labelled/labels.jsonl").read_text().splitlines():
        item = json.loads(line)
        if item["split"] != split:
            continue
        mask = np.asarray(Image.open(data / "labelled/masks" / f"{item['id']}.png"))
        for instance in item["instances"][:4]:
            shape = (mask == instance["index"]).astype(np.uint8)
            ys, xs = np.nonzero(shape)
            if len(ys) < 900:
                continue
            shape = shape[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
            if shape.mean() > 0.97:  # cut by the photo's border or a plain box
                continue
            scale = min(1, side / max(shape.shape))
            if scale < 1:
                size = [max(1, round(v * scale)) for v in shape.shape[::-1]]
                shape = cv2.resize(shape, size, interpolation=cv2.INTER_NEAREST)
            shapes.append(shape)
            if limit and len(shapes) >= limit:
                return shapes
    return shapes


def place_object(shape: np.ndarray, n: int, longest: float, rng: np.random.RandomState, centred: float = 0.5) -> np.ndarray:
    """`shape` scaled so that its longest side is `longest` of an n x n window, grown by a few pixels."""
    if rng.rand() < 0.5:
        shape = shape[:, ::-1]
    scale = longest * n / max(shape.shape)
    height, width = (max(3, round(v * scale)) for v in shape.shape)
    shape = cv2.resize(np.ascontiguousarray(shape), (width, height), interpolation=cv2.INTER_NEAREST)
    mask = np.zeros((n, n), np.uint8)
    # Around the window's centre mostly (that is where the product puts the hole), at times anywhere.
    spread = 0.12 if rng.rand() < centred else 0.35
    y = int(n / 2 - height / 2 + rng.uniform(-spread, spread) * n)
    x = int(n / 2 - width / 2 + rng.uniform(-spread, spread) * n)
    top, left = max(0, y), max(0, x)
    bottom, right = min(n, y + height), min(n, x + width)
    if bottom > top and right > left:
        mask[top:bottom, left:right] = shape[top - y : bottom - y, left - x : right - x]
    grow = 1 + 2 * round(n * rng.uniform(0.004, 0.02))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))


def strokes(n: int, rng: np.random.RandomState, count: int, thickest: float = 1 / 6) -> np.ndarray:
    mask = np.zeros((n, n), np.uint8)
    for _ in range(count):
        x, y = rng.randint(0, n, 2)
        width, angle = int(rng.randint(n // 24, max(n // 24 + 1, int(n * thickest)))), rng.rand() * 6.28
        for _ in range(rng.randint(2, 8)):
            angle += rng.randn() * 0.8
            step = rng.randint(n // 16, n // 4)
            x2 = int(np.clip(x + step * np.cos(angle), 0, n - 1))
            y2 = int(np.clip(y + step * np.sin(angle), 0, n - 1))
            cv2.line(mask, (int(x), int(y)), (x2, y2), 1, width)
            cv2.circle(mask, (x2, y2), width // 2, 1, -1)
            x, y = x2, y2
    return mask


def boxes(n: int, rng: np.random.RandomState) -> np.ndarray:
    mask = np.zeros((n, n), np.uint8)
    for _ in range(rng.randint(1, 3)):
        width, height = rng.randint(n // 8, int(n * 0.55), 2)
        x, y = rng.randint(0, n - width), rng.randint(0, n - height)
        mask[y : y + height, x : x + width] = 1
    return mask


def blob(n: int, rng: np.random.RandomState) -> np.ndarray:
    """A smooth random closed shape."""
    knots = rng.randint(4, 7)
    noise = cv2.resize(rng.randn(knots, knots).astype(np.float32), (n, n), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[0:n, 0:n] / n - rng.uniform(0.35, 0.65, (2, 1, 1))
    aspect = np.exp(rng.randn() * 0.4)
    radius = np.sqrt((x * aspect) ** 2 + (y / aspect) ** 2)
    return ((noise * 0.1 + rng.uniform(0.18, 0.36) - radius) > 0).astype(np.uint8)


def free_form(n: int, rng: np.random.RandomState, low: float, high: float) -> np.ndarray:
    """Thick strokes until between `low` and `high` of the window is gone."""
    mask = np.zeros((n, n), np.uint8)
    while mask.mean() < low:
        more = mask | strokes(n, rng, 1, 1 / 4)
        if more.mean() <= high:
            mask = more
    return mask


def random_hole(n: int, shapes: list[np.ndarray], rng: np.random.RandomState) -> np.ndarray:
    """One training hole, 2...50 % of the window (up to 67 % for the free-form ones)."""
    while True:
        kind = rng.rand()
        if kind < 0.66:
            # At 128 pixels as large as in the product: its 256 are three times as wide as the hole, less where the photo ends.
            mask = place_object(shapes[rng.randint(len(shapes))], n, rng.uniform(0.4, 0.8), rng)
            if rng.rand() < 0.15:
                mask |= place_object(shapes[rng.randint(len(shapes))], n, rng.uniform(0.15, 0.4), rng, 0)
        elif kind < 0.76:
            mask = strokes(n, rng, rng.randint(1, 5))
        elif kind < 0.82:
            mask = boxes(n, rng)
        elif kind < 0.92:
            mask = blob(n, rng)
        else:
            return free_form(n, rng, rng.uniform(0.3, 0.62), 0.68)
        if 0.02 < mask.mean() < 0.5:
            return mask


def hole_pool(path: Path, data: Path, count: int, n: int = 256, seed: int = 1) -> np.ndarray:
    """`count` holes made beforehand (and kept at `path`), packed eight pixels to a byte: count x n x n/8."""
    if not path.exists():
        rng = np.random.RandomState(seed)
        shapes = object_shapes(data, "train")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack([np.packbits(random_hole(n, shapes, rng), axis=1) for _ in range(count)]))
    return np.load(path, mmap_mode="r")


def unpack_hole(packed: np.ndarray, size: int) -> np.ndarray:
    """A pool hole at size x size: a pixel is hole where any part of it is."""
    mask = np.unpackbits(packed, axis=1)
    n = mask.shape[0]
    if size == n:
        return mask
    if n % size == 0:
        return mask.reshape(size, n // size, size, n // size).max((1, 3))
    return (cv2.resize(mask * 255, (size, size), interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
