"""Outlines of things in photos that nobody labelled: answers of the network that agree with each other.

A click finds a thing if clicks elsewhere in the answer, one of them in the mirror image, find the same. There are two in a
photo on average; later training asks for them with a click or a box (self-training)."""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from .precision import mixed_precision
from .segmentation_network import SegmentationNetwork, normalized
from .segmentation_questions import MOST_CLICKS, Questions, shown

SIDE = 448  # of the squares in which the network sees photos and their parts
CELLS = SIDE // 4
PART = 0.6  # of the photo's width and height
GRID_WHOLE, GRID_PART = 7, 5  # clicks along each side
ALIKE, STABLE = 0.8, 0.75  # how much the answers must share
SMALLEST, LARGEST = 40, 0.5  # cells; of the view
UNSURE = 0.3  # probability: between this and a half it is not known
MOST_FOUND = 12
CHUNK = 256  # prompts at once


def views(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """The whole photo and its four overlapping parts: left, top, right, bottom."""
    w, h = round(width * PART), round(height * PART)
    corners = [(x, y) for y in (0, height - h) for x in (0, width - w)]
    return [(0, 0, width, height)] + [(x, y, x + w, y + h) for x, y in corners]


def extent(view, side: int) -> tuple[int, int]:
    """Width and height of a view whose longer side is `side`."""
    x0, y0, x1, y1 = view
    scale = side / max(x1 - x0, y1 - y0)
    return min(side, round((x1 - x0) * scale)), min(side, round((y1 - y0) * scale))


def square(pixels: np.ndarray, view) -> np.ndarray:
    """A view in the corner of a grey square."""
    x0, y0, x1, y1 = view
    out = np.full((SIDE, SIDE, 3), 127, np.uint8)
    w, h = extent(view, SIDE)
    out[:h, :w] = cv2.resize(pixels[y0:y1, x0:x1], (w, h), interpolation=cv2.INTER_LINEAR)
    return out


class Seen:
    """Squares as the network saw them, as they are and mirrored."""

    @torch.no_grad()
    def __init__(self, network: SegmentationNetwork, pixels: torch.Tensor):
        self.network, self.kind = network, pixels.device.type
        x = normalized(pixels.permute(0, 3, 1, 2))
        self.sides = []
        for way in (x, x.flip(3).contiguous(memory_format=torch.channels_last)):
            with mixed_precision(self.kind):
                semantic, instance, features = network(way)
            self.sides.append((torch.softmax(semantic.float(), 1), instance.float(), features))

    @torch.no_grad()
    def answers(self, picture: torch.Tensor, row: torch.Tensor, column: torch.Tensor, mirrored: bool) -> torch.Tensor:
        """Probabilities (P x cells x cells) of what one click each finds; `column` counts in the picture as it is."""
        semantic, instance, features = self.sides[mirrored]
        count = len(picture)
        positive = torch.full((count, MOST_CLICKS, 2), -1, device=picture.device)
        positive[:, 0, 0], positive[:, 0, 1] = row, CELLS - 1 - column if mirrored else column
        none = torch.full_like(positive, -1)
        mask = torch.zeros(count, CELLS, CELLS, device=picture.device)
        asked = Questions(dict(picture=picture, mask=mask, valid=mask > 0, positive=positive, negative=none,
                               box=none[:, 0].repeat(1, 2)))  # fmt: skip
        prompt = shown(asked.clicks(), asked.prior(instance[picture], semantic[picture]))
        with mixed_precision(self.kind):
            logit = self.network.prompt(prompt, [f[picture] for f in features])
        found = torch.sigmoid(logit[:, 0].float())
        return found.flip(2) if mirrored else found


def overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Intersection over union of masks (P x cells x cells)."""
    return (a & b).sum((1, 2)) / (a | b).sum((1, 2)).clamp_min(1)


@torch.no_grad()
def agreeing(seen: Seen, picture: torch.Tensor, row: torch.Tensor, column: torch.Tensor, areas: torch.Tensor, draw: torch.Generator):
    """(picture, probabilities, quality) of those clicks whose answers agree. `areas`: a picture's cells that show the photo."""
    first = seen.answers(picture, row, column, False)
    inside = first > 0.5
    size = inside.sum((1, 2))
    stable = (first > 0.7).sum((1, 2)) / (first > UNSURE).sum((1, 2)).clamp_min(1)
    hit = inside[torch.arange(len(row), device=row.device), row, column]
    keep = hit & (size >= SMALLEST) & (size <= LARGEST * areas[picture]) & (stable >= STABLE - 0.1)
    picture, first, inside = picture[keep], first[keep], inside[keep]
    if not len(picture):
        return picture, first, first.new_zeros(0)
    # A point well inside, and another one anywhere inside.
    deep = torch.nn.functional.avg_pool2d(first[:, None], 9, 1, 4)[:, 0].flatten(1)
    middle = deep.argmax(1)
    other = torch.multinomial((deep * inside.flatten(1)) ** 4, 1, generator=draw)[:, 0]
    again = [seen.answers(picture, at // CELLS, at % CELLS, mirrored) for at, mirrored in ((middle, True), (other, False))]
    alike = torch.stack([overlap(inside, a > 0.5) for a in again] + [overlap(again[0] > 0.5, again[1] > 0.5)]).amin(0)
    mean = (first + sum(again)) / 3
    stable = (mean > 0.7).sum((1, 2)) / (mean > UNSURE).sum((1, 2)).clamp_min(1)
    keep = (alike >= ALIKE) & (stable >= STABLE)
    return picture[keep], mean[keep], (alike * stable)[keep]


def clicks_in(width: int, height: int, grid: int) -> list[tuple[int, int]]:
    """Rows and columns of a grid of cells."""
    at = lambda size: [int((k + 0.5) * size / grid) for k in range(grid)]  # noqa: E731
    return [(y, x) for y in at(height) for x in at(width)]


def laid(view, probability: np.ndarray, width: int, height: int) -> np.ndarray:
    """A view's probabilities in the photo's pixels."""
    x0, y0, x1, y1 = view
    large = cv2.resize(probability, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    w, h = extent(view, SIDE)
    out = np.zeros((height, width), np.float32)
    out[y0:y1, x0:x1] = cv2.resize(large[:h, :w], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    return out


def whole(view, probability: np.ndarray, width: int, height: int) -> bool:
    """Whether a thing ends within its view, or where the photo does."""
    x0, y0, x1, y1 = view
    w, h = extent(view, CELLS)
    inside = probability[:h, :w] > UNSURE
    cut = (x0 > 0 and inside[:, :2].any(), y0 > 0 and inside[:2].any(), x1 < width and inside[:, -2:].any(),
           y1 < height and inside[-2:].any())  # fmt: skip
    return not any(cut)


def things(network: SegmentationNetwork, photos: list[np.ndarray], device: str, draw: torch.Generator) -> list[list[np.ndarray]]:
    """Of every photo, probabilities (H x W) of things that do not overlap, the surest first."""
    squares, places = [], []
    for number, pixels in enumerate(photos):
        for view in views(pixels.shape[1], pixels.shape[0]):
            squares.append(square(pixels, view))
            places.append((number, view))
    seen = Seen(network, torch.from_numpy(np.stack(squares)).to(device))
    clicks, areas = [], []
    for index, (_, view) in enumerate(places):
        w, h = extent(view, CELLS)
        areas.append(w * h)
        clicks += [(index, *c) for c in clicks_in(w, h, GRID_WHOLE if index % 5 == 0 else GRID_PART)]
    table, areas = torch.tensor(clicks, device=device), torch.tensor(areas, device=device)
    found = [[] for _ in photos]
    for rows in table.split(CHUNK):
        picture, probability, quality = agreeing(seen, *rows.unbind(1), areas, draw)
        for p, m, q in zip(picture.tolist(), probability.half().cpu().numpy(), quality.tolist()):
            number, view = places[p]
            found[number].append((q, view, m.astype(np.float32)))
    result = []
    for pixels, candidates in zip(photos, found):
        height, width = pixels.shape[:2]
        taken, kept = np.zeros((height, width), bool), []
        for _, view, m in sorted(candidates, key=lambda c: -c[0]):
            if len(kept) == MOST_FOUND or not whole(view, m, width, height):
                continue
            probability = laid(view, m, width, height)
            inside = probability > 0.5
            if inside.any() and taken[inside].mean() < 0.1:
                kept.append(np.where(taken, 0, probability))
                taken |= inside
        result.append(kept)
    return result


def add_found_things(cache: Path, network: SegmentationNetwork, device: str, seconds: float = math.inf, batch: int = 8) -> None:
    """Gives the cache's unlabelled photos more instances of the class `object`: photos in a random order, until the time is
    over; another call goes on with the others."""
    entries = json.loads((cache / "index.json").read_text())
    pixels = np.memmap(cache / "pixels.bin", np.uint8, "r")
    instances = np.memmap(cache / "instances.bin", np.uint8, "r+")
    draw = torch.Generator(device)
    draw.manual_seed(1)
    waiting = [entry for entry in entries if not entry["labelled"] and "found" not in entry]
    random.Random(1).shuffle(waiting)
    end, outlines = time.monotonic() + seconds, []
    for first in range(0, len(waiting), batch):
        if time.monotonic() > end:
            break
        some = waiting[first : first + batch]
        cut = lambda e: slice(e["offset"], e["offset"] + e["width"] * e["height"])  # noqa: E731
        photos = [pixels[3 * cut(e).start : 3 * cut(e).stop].reshape(e["height"], e["width"], 3) for e in some]
        for entry, found in zip(some, things(network, photos, device, draw)):
            ids = instances[cut(entry)].reshape(entry["height"], entry["width"]).copy()
            outlines.append((cut(entry), added(entry, ids, found)))
    # Both files at the end: a run that is stopped leaves them as they were.
    for place, ids in outlines:
        instances[place] = ids.ravel()
    instances.flush()
    (cache / "index.json").write_text(json.dumps(entries))
    print(f"{sum(e.get('found', 0) for e in entries)} things found; {len(waiting) - len(outlines)} photos not looked at", flush=True)


def added(entry: dict, ids: np.ndarray, found: list[np.ndarray]) -> np.ndarray:
    """A photo's instance indices with those things that lie where none was; the entry lists them."""
    free, number = ids == 0, int(max([i["index"] for i in entry["instances"]] or [0]))
    entry["found"] = 0
    for probability in found:
        inside = probability > 0.5
        if free[inside].mean() < 0.9:
            continue
        number += 1
        ids[free & (probability > UNSURE) & ~inside] = 255
        ids[free & inside] = number
        free = ids == 0
        entry["instances"].append({"index": number, "class": "object"})
        entry["found"], entry["salient"] = entry["found"] + 1, True
    return ids
