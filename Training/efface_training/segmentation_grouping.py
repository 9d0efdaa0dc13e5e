"""Cells to objects and prompts to masks: the product's Grouping and Scene, with the numbers that both read from the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np

from .segmentation_data import CLASSES
from .segmentation_network import OFFSET_UNIT


@dataclass(frozen=True)
class Thresholds:
    """The numbers of the grouping and of the prompts; `tune-segmentation` chooses them, the network file carries them."""

    least_centre: float = 0.4  # the least value of a middle
    centre_reach: int = 4  # a middle is the greatest value within so many cells
    least_votes: float = 0.3  # a middle needs this share of its cells pointing at it
    vote_reach: int = 3  # a cell points at a middle if it points to within so many cells of it
    tolerance_cells: float = 10.0  # how far from a middle a cell may point: so many cells,
    tolerance_share: float = 0.5  # and this share of how far it points
    second_share: float = 0.4  # a second class within one middle's cells is an object of its own from this share on
    piece_share: float = 0.2  # a stray piece joins an object of another class if smaller than this share of it
    nearness: float = 0.3  # two middles are one if their cells point nearer than this share of the root of their number
    gap: int = 3  # a part further than so many cells from an object's largest part is an object of its own
    smallest: int = 6  # the least number of cells of an object
    least_score: float = 0.48  # objects that the network is less sure of are left out
    click_lean: float = 0.85  # added to the logits when nothing but clicks on the object is given
    box_lean: float = 0.3  # the same for a box without clicks beside the thing
    click_zoom_share: float = 0.35  # a second look at a clicked thing, if its window is at most this share of the photo
    box_zoom_share: float = 0.8  # the same for a boxed thing
    zoom_margin: float = 0.6  # that window has this share of the thing's longer side on each side,
    zoom_least: float = 0.25  # and at least this share of the photo's longer side

    def parameters(self) -> dict:
        return asdict(self)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(0, keepdims=True))
    return e / e.sum(0, keepdims=True)


def soft_cells(semantic: np.ndarray, cells: np.ndarray, name: int) -> np.ndarray:
    """An object's cells as shares: by how much its class leads, and how far its edge reaches into the background."""
    lead = 1 / (1 + np.exp(np.delete(semantic, name, 0).max(0) - semantic[name]))
    near = cv2.dilate(cells.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    rim = near & ~cells & (semantic.argmax(0) == 0)
    return np.where(cells, np.maximum(lead, 0.6), np.where(rim, lead, 0)).astype(np.float32)


def grouped(semantic: np.ndarray, instance: np.ndarray, t: Thresholds) -> list[tuple[int, np.ndarray, float]]:
    """Objects as (class, cells, score): each cell goes to the middle that its offset points nearest to."""
    classes, heat = semantic.argmax(0), instance[0]
    side = 2 * t.centre_reach + 1
    top = cv2.dilate(heat, np.ones((side, side), np.uint8))
    cy, cx = np.nonzero((heat >= top) & (heat > t.least_centre) & (classes > 0))
    h, w = heat.shape
    dy, dx = instance[1] * OFFSET_UNIT, instance[2] * OFFSET_UNIT
    ys, xs = np.arange(h)[:, None] + dy, np.arange(w)[None] + dx
    tolerance = t.tolerance_cells + t.tolerance_share * np.hypot(dy, dx)

    def assigned():
        owner = np.full((h, w), -1)
        if len(cy):
            distance = np.sqrt((ys[None] - cy[:, None, None]) ** 2 + (xs[None] - cx[:, None, None]) ** 2)
            owner = distance.argmin(0)
            owner[distance.min(0) >= tolerance] = -1
        owner[classes == 0] = -2
        return owner

    owner, thing = assigned(), classes > 0
    votes = np.zeros((h, w), np.float32)
    target = np.clip(np.rint(ys[thing]), 0, h - 1).astype(int), np.clip(np.rint(xs[thing]), 0, w - 1).astype(int)
    np.add.at(votes, target, 1)
    side = 2 * t.vote_reach + 1
    votes = cv2.boxFilter(votes, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    cells = np.array([(owner == k).sum() for k in range(len(cy))])
    kept = (cells > 0) & (votes[cy, cx] >= t.least_votes * cells) if len(cy) else np.zeros(0, bool)
    if kept.any() and not kept.all():
        cy, cx = cy[kept], cx[kept]
        owner = assigned()
    parts = [owner == k for k in range(len(cy)) if (owner == k).any()]
    # Echoes in a large object: what points to about the same place, for its size, is one.
    joined = True
    while joined and t.nearness > 0:
        joined = False
        aims = [(ys[p].mean(), xs[p].mean(), p.sum(), np.bincount(classes[p]).argmax()) for p in parts]
        for a in range(len(parts)):
            for b in range(a):
                apart = np.hypot(aims[a][0] - aims[b][0], aims[a][1] - aims[b][1])
                if aims[a][3] == aims[b][3] and apart < t.nearness * np.sqrt(aims[a][2] + aims[b][2]):
                    parts[b] = parts[b] | parts.pop(a)
                    joined = True
                    break
            if joined:
                break
    found = []
    for cells in parts:
        total = cells.sum()
        counts = np.bincount(classes[cells], minlength=len(CLASSES))
        main = int(counts.argmax())
        strong = [c for c in range(1, len(CLASSES)) if c == main or counts[c] > t.second_share * total]
        for c in strong:
            mine = cells & (classes == c)
            if c == main:
                mine |= cells & ~np.isin(classes, strong)
            found.append([c, mine])
    for c in np.unique(classes[owner == -1]):
        count, parts = cv2.connectedComponents(((owner == -1) & (classes == c)).astype(np.uint8), connectivity=8)
        for k in range(1, count):
            piece = parts == k
            ring = cv2.dilate(piece.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            touches = [(ring & m).sum() if d == c or piece.sum() < t.piece_share * m.sum() else 0 for d, m in found]
            if touches and max(touches) > 0:
                found[int(np.argmax(touches))][1] |= piece
            else:
                found.append([int(c), piece])
    probability = softmax(semantic)
    found = [part for one in found for part in parted(*one, t.gap)]
    # The score is of the cells of the object's own class: pieces that joined it say nothing of its name.
    scored = [(c, m, float(probability[c][m & (classes == c)].mean())) for c, m in found
              if m.sum() >= t.smallest and (m & (classes == c)).any()]  # fmt: skip
    return [f for f in scored if f[2] >= t.least_score]


def parted(name: int, cells: np.ndarray, gap: int) -> list[tuple[int, np.ndarray]]:
    """An object without the parts that lie apart from its largest one, and those parts."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=8)
    if count <= 2:
        return [(name, cells)]
    left, top, width, height, _ = boxes[1 + boxes[1:, cv2.CC_STAT_AREA].argmax()]
    around = np.zeros_like(cells)
    around[max(0, top - gap) : top + height + gap, max(0, left - gap) : left + width + gap] = True
    parts = [labels == k for k in range(1, count)]
    near = [bool((p & around).any()) for p in parts]
    whole = np.any([p for p, n in zip(parts, near) if n], axis=0)
    return [(name, whole)] + [(name, p) for p, n in zip(parts, near) if not n]
