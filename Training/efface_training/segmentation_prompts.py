"""Clicks, boxes and found objects to masks as the product does it: two views, and a second look at small things."""

from __future__ import annotations

import cv2
import numpy as np

from .segmentation_export import network_size
from .segmentation_grouping import Thresholds, soft_cells, softmax
from .segmentation_sampling import clicks_map, depth, prior_map

LEAST_NEIGHBOUR = 6  # cells of another object in an object's box; fewer may be there by mistake
MIRRORED = np.array([1, 1, -1], np.float32)[:, None, None]


class Look:
    """A window (left, top, right, bottom) of a photo as the network saw it, as it is and mirrored."""

    def __init__(self, model, pixels: np.ndarray, window: tuple[int, int, int, int]):
        x0, y0, x1, y1 = self.window = window
        width, height = network_size(x1 - x0, y1 - y0)
        way = cv2.INTER_AREA if width < x1 - x0 else cv2.INTER_LINEAR
        shown = cv2.resize(pixels[y0:y1, x0:x1], (width, height), interpolation=way)
        twin, twin_instance, self.twin_features = model.main(np.ascontiguousarray(shown[:, ::-1]))
        own, instance, self.features = model.main(shown)
        self.model, self.height, self.width = model, height // 4, width // 4
        self.semantic = (own + twin[:, :, ::-1]) / 2
        self.instance = (instance + twin_instance[:, :, ::-1] * MIRRORED) / 2
        self.probability = softmax(self.semantic)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        x0, y0, x1, y1 = self.window
        row, column = int((y - y0) * self.height // (y1 - y0)), int((x - x0) * self.width // (x1 - x0))
        return min(max(row, 0), self.height - 1), min(max(column, 0), self.width - 1)

    def answer(self, positive, negative, box, thresholds: Thresholds) -> np.ndarray:
        """Probability of every cell; clicks are (x, y), boxes (left, top, right, bottom) in the photo's pixels. Negative
        clicks beside the window say nothing: no part of the answer is there."""
        x0, y0, x1, y1 = self.window
        negative = [(x, y) for x, y in negative if x0 <= x < x1 and y0 <= y < y1]
        clicked, kept, cells = [self.cell(*p) for p in positive], [self.cell(*p) for p in negative], None
        if box is not None:
            top, left = self.cell(box[0], box[1])
            bottom, right = self.cell(np.ceil(box[2]) - 1, np.ceil(box[3]) - 1)
            cells = (left, top, right + 1, bottom + 1)
        asked = clicks_map(clicked, kept, cells, max(self.height, self.width))[:, : self.height, : self.width]
        prior = prior_map(clicked, cells, self.instance, self.probability)
        asked = np.concatenate([asked, (128 + np.round(127 * prior)).astype(np.uint8)[None]])
        logits = self.model.prompt(asked, self.features)
        logits = (logits + self.model.prompt(np.ascontiguousarray(asked[:, :, ::-1]), self.twin_features)[:, ::-1]) / 2
        lean = 0 if negative else thresholds.click_lean if box is None else thresholds.box_lean
        shares = 1 / (1 + np.exp(-logits - lean))
        if cells is not None:
            margin = 1 + max(cells[2] - cells[0], cells[3] - cells[1]) // 10
            inside = np.zeros_like(shares)
            inside[max(0, cells[1] - margin) : cells[3] + margin, max(0, cells[0] - margin) : cells[2] + margin] = 1
            shares = shares * inside
        for row, column in kept:
            shares[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 0
        for place in clicked:
            shares[place] = max(shares[place], 0.9)
        return parts_with(shares, clicked)


def parts_with(shares: np.ndarray, seeds) -> np.ndarray:
    """Without the connected parts that hold no seed; without seeds, without parts below a tenth of the largest."""
    count, labels = cv2.connectedComponents((shares > 0.5).astype(np.uint8), connectivity=8)
    sizes = np.bincount(labels.ravel(), minlength=count)
    sizes[0] = 0
    wanted = np.zeros(count, bool)
    if seeds:
        wanted[[labels[s] for s in seeds]] = True
    else:
        wanted = 10 * sizes >= sizes.max()
    wanted[0] = True
    return np.where(wanted[labels], shares, 0)


def closer(shape, shares: np.ndarray, clicks, box, t: Thresholds):
    """The window of the second look at a small thing; None for a large one."""
    height, width = shape
    boxes = [box] if box is not None else [(x, y, x + 1, y + 1) for x, y in clicks]
    rows, columns = np.nonzero(shares > 0.5)
    if box is None and len(rows):
        sx, sy = width / shares.shape[1], height / shares.shape[0]
        boxes.append((columns.min() * sx, rows.min() * sy, (columns.max() + 1) * sx, (rows.max() + 1) * sy))
    left, top = (min(b[k] for b in boxes) for k in (0, 1))
    right, bottom = (max(b[k] for b in boxes) for k in (2, 3))
    margin, least = 2 * t.zoom_margin * max(right - left, bottom - top), t.zoom_least * max(width, height)
    w, h = max(right - left + margin, least), max(bottom - top + margin, least)
    w = max(w, 0.6 * h)
    h = max(h, 0.6 * w)

    def span(middle, length, limit):
        length = min(max(int(length), 1), limit)
        first = min(max(int(middle - length / 2), 0), limit - length)
        return first, first + length

    (x0, x1), (y0, y1) = span((left + right) / 2, w, width), span((top + bottom) / 2, h, height)
    limit = t.click_zoom_share if box is None else t.box_zoom_share
    return None if (x1 - x0) * (y1 - y0) > limit * width * height else (x0, y0, x1, y1)


def outlined(look: Look, pixels: np.ndarray, positive, negative, box, thresholds: Thresholds) -> np.ndarray:
    """The mask at the photo's size of what clicks and a box mean; the product moves its edge to the picture's."""
    shares = look.answer(positive, negative, box, thresholds)
    window = closer(pixels.shape[:2], shares, positive, box, thresholds)
    if window is not None:
        look = Look(look.model, pixels, window)
        shares = look.answer(positive, negative, box, thresholds)
    return enlarged(shares, look.window, pixels.shape) > 0.5


def object_outlined(look: Look, pixels: np.ndarray, objects, number: int, thresholds: Thresholds) -> np.ndarray:
    """The same of one of the objects that `found_objects` found: where the mean of what the classes say, and of the answer to
    its box, out of which its neighbours are clicked, is over 0.45, so that what one of both is sure of counts; where the
    answer has less than half of the object, the classes alone. What a click on its deepest cell finds is added where
    both share 0.7 of what either has."""
    name, cells = objects[number].name, objects[number].cells
    sx, sy = pixels.shape[1] / look.width, pixels.shape[0] / look.height
    ys, xs = np.nonzero(cells)
    top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
    neighbours = []
    for other, theirs in enumerate(o.cells for o in objects):
        inside = np.zeros_like(theirs)
        inside[top:bottom, left:right] = theirs[top:bottom, left:right]
        if other != number and inside.sum() >= LEAST_NEIGHBOUR:
            depths = depth(inside)
            y, x = np.unravel_index(depths.argmax(), depths.shape)
            neighbours.append(((x + 0.5) * sx, (y + 0.5) * sy))
    box = objects[number].box or (left * sx, top * sy, right * sx, bottom * sy)
    named, frame = objects[number].closer or (soft_cells(look.semantic, cells, name), look.window)
    window = closer(pixels.shape[:2], named, neighbours, box, thresholds)
    again = look if window is None else Look(look.model, pixels, window)
    answer = enlarged(again.answer([], neighbours, box, thresholds), again.window, pixels.shape)
    named = enlarged(named, frame, pixels.shape)
    agrees = 2 * np.sum((answer > 0.5) & (named > 0.5)) >= np.sum(named > 0.5)
    found = ((answer + named) / 1.8 if agrees else named) > 0.5
    if cells.sum() < LEAST_NEIGHBOUR:
        return found
    depths = depth(cells)
    y, x = np.unravel_index(depths.argmax(), depths.shape)
    clicked = again.answer([((x + 0.5) * sx, (y + 0.5) * sy)], neighbours, None, thresholds)
    clicked = enlarged(clicked, again.window, pixels.shape) > 0.5
    return found | clicked if np.sum(found & clicked) > 0.7 * np.sum(found | clicked) else found


def enlarged(shares: np.ndarray, window, shape) -> np.ndarray:
    """Shares of a window's cells at the photo's size; 0 outside the window."""
    x0, y0, x1, y1 = window
    out = np.zeros(shape[:2], np.float32)
    out[y0:y1, x0:x1] = cv2.resize(shares.astype(np.float32), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return out
