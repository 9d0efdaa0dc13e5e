"""Training crops for the segmentation network: drawn, pasted, coloured, and turned into targets."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from .segmentation_data import CLASSES, EVERYTHING, INDEX, LONG_SIDE, VOC, background_sets, bits
from .segmentation_network import OFFSET_UNIT

CROP = 256  # the side of training crops, unless another is asked for
NOMINAL = 384  # the long side of photos in crops, before they are made smaller or larger by chance
IGNORE = 255
SOURCE_WEIGHTS = {
    "coco": 2.5, "ccp": 0.3, "human_seg_290": 0.6, "pets600": 0.5, "camvid_segnet": 0.7, "labelmefacade": 0.35,
    "davis16val": 0.4,
}  # fmt: skip

SALIENT_WEIGHT = 0.8
PASTED = 0.45  # of the crops get things from another photo,
UNNAMED_DONORS = 0.5  # so many of them from one in which things have no class


class Samples:
    """The cache, with sampling weights that favour rare classes."""

    def __init__(self, cache: Path, side: int = CROP):
        self.side = side
        self.entries = json.loads((cache / "index.json").read_text())
        self.pixels = np.memmap(cache / "pixels.bin", np.uint8, "r")
        self.instances = np.memmap(cache / "instances.bin", np.uint8, "r")
        self.teacher = np.memmap(cache / "teacher.bin", np.uint8, "r")
        images = np.zeros(len(CLASSES))
        present = []
        for entry in self.entries:
            names = {i["class"] for i in entry["instances"]} if entry["labelled"] else set()
            found = {n if n in INDEX else "object" for n in names}
            found |= {VOC[v][0] for v in entry["guessed"]}
            present.append(found)
            for name in found:
                images[INDEX[name]] += 1
        rarity = np.maximum(1, 400 / np.maximum(images, 1)) ** 0.7
        weights = []
        for entry, found in zip(self.entries, present):
            base = SOURCE_WEIGHTS.get(entry["source"], 1.0) if entry["labelled"] else (0.45 if found else 0.12)
            if entry.get("salient"):
                base = SALIENT_WEIGHT
            weights.append(base * max([rarity[INDEX[n]] for n in found if n != "object"] or [1.0]))
        self.cumulative = np.cumsum(weights) / np.sum(weights)
        labelled = np.array([w if e["labelled"] and e["instances"] else 0 for w, e in zip(weights, self.entries)])
        salient = np.array([w if e.get("salient") else 0 for w, e in zip(weights, self.entries)])
        self.labelled_cumulative, self.salient_cumulative = (np.cumsum(w) / max(w.sum(), 1e-9) for w in (labelled, salient))
        self.tables = {}

    def tables_of(self, index: int):
        """(instance index → set of classes, teacher label outside instances → set of classes)"""
        if index not in self.tables:
            entry = self.entries[index]
            inside = np.full(256, EVERYTHING, np.int64)
            for item in entry["instances"]:
                inside[item["index"]] = bits(item.get("merged", [item["class"]]))
            outside = background_sets(entry.get("exhaustive", False), entry.get("labelled_classes"))
            self.tables[index] = (inside, outside)
        return self.tables[index]

    def maps(self, index: int):
        entry = self.entries[index]
        w, h, at = entry["width"], entry["height"], entry["offset"]
        cut = slice(at, at + w * h)
        return (self.pixels[at * 3 : (at + w * h) * 3].reshape(h, w, 3), self.instances[cut].reshape(h, w),
                self.teacher[cut].reshape(h, w))  # fmt: skip

    def draw(self, rng) -> int:
        return int(np.searchsorted(self.cumulative, rng.rand()))

    def draw_donor(self, rng) -> int:
        """A photo with outlined things to paste into others."""
        unnamed = self.salient_cumulative[-1] > 0 and rng.rand() < UNNAMED_DONORS
        return int(np.searchsorted(self.salient_cumulative if unnamed else self.labelled_cumulative, rng.rand()))

    def crop(self, rng, index: int):
        """A window of `side` × `side`: pixels, instance indices, teacher labels."""
        pixels, instances, teacher = self.maps(index)
        side = self.side
        h, w = instances.shape
        scale = NOMINAL / LONG_SIDE * np.exp(rng.uniform(np.log(0.62), np.log(1.6)))
        sx, sy = scale * np.exp(rng.uniform(-0.08, 0.08)), scale * np.exp(rng.uniform(-0.08, 0.08))
        centre = None
        if rng.rand() < 0.6:
            entry = self.entries[index]
            source = instances if entry["labelled"] or entry.get("salient") else teacher
            small = source[4::8, 4::8]
            ys, xs = np.nonzero((small > 0) & (small < 255))
            if len(ys):
                k = rng.randint(len(ys))
                centre = xs[k] * 8 + 4 + rng.uniform(-60, 60), ys[k] * 8 + 4 + rng.uniform(-60, 60)
        if centre is None:
            centre = rng.uniform(0, w), rng.uniform(0, h)
        half_x, half_y = side / sx / 2, side / sy / 2
        cx = np.clip(centre[0], half_x, w - half_x) if w > 2 * half_x else w / 2
        cy = np.clip(centre[1], half_y, h - half_y) if h > 2 * half_y else h / 2
        flip = -1.0 if rng.rand() < 0.5 else 1.0
        matrix = np.float64([[flip * sx, 0, side / 2 - flip * sx * cx], [0, sy, side / 2 - sy * cy]])
        size = (side, side)
        x = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
                           borderValue=(127, 127, 127))  # fmt: skip
        nearest = dict(flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=IGNORE)
        return x, cv2.warpAffine(instances, matrix, size, **nearest), cv2.warpAffine(teacher, matrix, size, **nearest)


def recoloured(rng, pixels: np.ndarray) -> np.ndarray:
    """Brightness, contrast, colour cast and saturation jitter, now and then grey or JPEG-worn."""
    ramp = np.arange(256, dtype=np.float32)
    gamma = np.exp(rng.uniform(-0.3, 0.3))
    gain, shift = np.exp(rng.uniform(-0.25, 0.25)), rng.uniform(-20, 20)
    table = np.empty((1, 256, 3), np.uint8)
    for c in range(3):
        curve = 255 * (ramp / 255) ** gamma * gain * np.exp(rng.uniform(-0.08, 0.08)) + shift
        table[0, :, c] = np.clip(curve, 0, 255)
    pixels = cv2.LUT(pixels, table)
    if rng.rand() < 0.3:
        grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        keep = 0.0 if rng.rand() < 0.15 else rng.uniform(0.4, 1.3)
        pixels = cv2.addWeighted(pixels, keep, grey, 1 - keep, 0)
    if rng.rand() < 0.1:
        _, worn = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.randint(25, 80))])
        pixels = cv2.imdecode(worn, cv2.IMREAD_COLOR)
    return pixels


class Cutouts:
    """Objects with alpha, pasted as they are: what their folder names does not matter, only their outline."""

    BIRDS = ("birds",)

    def __init__(self, folder: Path):
        self.items = []
        for path in sorted(folder.glob("*.webp")) + sorted(folder.glob("*.png")):
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if image is None or image.ndim != 3 or image.shape[2] != 4:
                continue
            image = cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA)
            name = "bird" if "birds" in path.stem else "dog" if "dog" in path.stem else "object"
            name = "sheep" if "sheep" in path.stem else "horse" if "horse" in path.stem else name
            self.items.append((image, bits([name])))

    def paste(self, rng, pixels, ids, identity):
        image, classes = self.items[rng.randint(len(self.items))]
        size = rng.uniform(40, 180)
        scale = size / max(image.shape[:2])
        patch = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if rng.rand() < 0.5:
            patch = patch[:, ::-1]
        h, w = patch.shape[:2]
        if h >= len(pixels) or w >= len(pixels) or min(h, w) < 8:
            return None
        y, x = rng.randint(len(pixels) - h), rng.randint(len(pixels) - w)
        alpha = patch[..., 3:].astype(np.float32) / 255
        window = pixels[y : y + h, x : x + w]
        window[:] = window * (1 - alpha) + patch[..., :3] * alpha
        solid = alpha[..., 0] > 0.5
        ids[y : y + h, x : x + w][solid] = identity
        return classes


def clicks_map(positive, negative, box, cells: int) -> np.ndarray:
    """The prompt's first three channels as bytes (128 = nothing, 255 = set), `cells` × `cells`."""
    out = np.full((3, cells, cells), 128, np.uint8)
    for channel, points in ((0, positive), (1, negative)):
        for y, x in points:
            out[channel, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2] = 255
    if box is not None:
        x0, y0, x1, y1 = box
        out[2, y0:y1, x0:x1] = 255
    return out


def depth(region: np.ndarray) -> np.ndarray:
    """How far every cell of a region is from its edge."""
    return cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]


def interior_point(rng, region: np.ndarray, certain: bool) -> tuple[int, int]:
    """A cell of `region` well inside it: the deepest one, or one at random that is not at the rim."""
    depths = depth(region)
    if certain:
        return tuple(int(v) for v in np.unravel_index(np.argmax(depths), depths.shape))
    ys, xs = np.nonzero(depths >= rng.uniform(0.15, 0.8) * depths.max())
    k = rng.randint(len(ys))
    return int(ys[k]), int(xs[k])


class Prompted:
    """One object to be found, and the first prompt that asks for it."""

    def __init__(self, rng, mask: np.ndarray, valid: np.ndarray, others: np.ndarray):
        self.mask, self.valid = mask, valid
        self.hard = mask > 0.5
        self.positive, self.negative, self.box = [], [], None
        cells = mask.shape[0]
        ys, xs = np.nonzero(self.hard)
        x0, x1, y0, y1 = xs.min(), xs.max() + 1, ys.min(), ys.max() + 1
        kind = rng.rand()
        if kind < 0.33:
            jitter = lambda side: rng.normal(0, 0.05) * side  # noqa: E731
            w, h = x1 - x0, y1 - y0
            box = [x0 + jitter(w), y0 + jitter(h), x1 + jitter(w), y1 + jitter(h)]
            box = [int(np.clip(round(v), 0, cells)) for v in box]
            if box[2] > box[0] and box[3] > box[1]:
                self.box = box
        if self.box is None or rng.rand() < 0.15:
            self.positive.append(interior_point(rng, self.hard, rng.rand() < 0.4))
            if kind > 0.8:
                for _ in range(rng.randint(1, 3)):
                    self.positive.append(interior_point(rng, self.hard, False))
            if kind > 0.65:
                for _ in range(rng.randint(1, 3)):
                    region = (others if others.any() and rng.rand() < 0.6 else ~self.hard) & ~self.hard & valid
                    if region.any():
                        self.negative.append(interior_point(rng, region, False))


def prior_map(prompt_positive, box, instance: np.ndarray, semantic: np.ndarray) -> np.ndarray:
    """Where the instance and semantic heads see the object meant: 0…1 at a quarter of the resolution.

    `instance` is (3, H, W): centre, row and column offset; `semantic` (C, H, W) probabilities.
    """
    h, w = instance.shape[1:]
    rows = np.arange(h, dtype=np.float32)[:, None] + instance[1] * OFFSET_UNIT
    columns = np.arange(w, dtype=np.float32)[None] + instance[2] * OFFSET_UNIT
    prior = np.zeros((h, w), np.float32)
    if prompt_positive:
        for y, x in prompt_positive:
            distance = (rows - rows[y, x]) ** 2 + (columns - columns[y, x]) ** 2
            alike = np.sqrt(semantic * semantic[:, y, x][:, None, None]).sum(0)
            prior = np.maximum(prior, np.exp(-distance / 18) * alike)
    if box is not None:
        x0, y0, x1, y1 = box
        spread = 1 + 0.15 * ((x1 - x0) + (y1 - y0)) / 2
        distance = (rows - (y0 + y1 - 1) / 2) ** 2 + (columns - (x0 + x1 - 1) / 2) ** 2
        inside = np.zeros((h, w), np.float32)
        inside[y0:y1, x0:x1] = 1
        prior = np.maximum(prior, np.exp(-distance / (2 * spread * spread)) * inside)
    return prior


def example(samples: Samples, cutouts: Cutouts, rng):
    """One training example as a dictionary of arrays."""
    index = samples.draw(rng)
    entry = samples.entries[index]
    pixels, ids, teacher = samples.crop(rng, index)
    inside, outside = (t.copy() for t in samples.tables_of(index))
    usable = {i["index"] for i in entry["instances"]}
    separate = not entry.get("semantic_components", False)
    prompts = usable if separate else {
        i["index"] for i in entry["instances"]
        if entry["source"] == "human_seg_290" or i["class"] in ("sign", "pole")
    }  # fmt: skip
    # What only stands out has no class, and may be several things: it is asked for by clicks and boxes alone.
    salient = entry.get("salient", False)
    offsets = set(usable) if separate and not salient else set()
    background_known = entry.get("exhaustive", False) or not entry["labelled"]
    next_id, unnamed = 200, set()
    if rng.rand() < PASTED:
        other = samples.draw_donor(rng)
        e2 = samples.entries[other]
        if not e2.get("semantic_components", False):
            p2, i2, _ = samples.crop(rng, other)
            t2 = samples.tables_of(other)[0]
            found = [i for i in np.unique(i2[::4, ::4]) if 0 < i < 255]
            rng.shuffle(found)
            for i in found[: rng.randint(1, 4)]:
                mask = (i2 == i).astype(np.uint8)
                if mask.sum() < 250 or mask.sum() > 0.4 * samples.side**2:
                    continue
                soft = cv2.blur(mask * 255, (3, 3)).astype(np.float32)[..., None] / 255
                pixels = (pixels * (1 - soft) + p2 * soft).astype(np.uint8)
                ids[mask > 0] = next_id
                prompts = prompts | {next_id}
                if e2.get("salient"):
                    inside[next_id], unnamed = EVERYTHING, unnamed | {next_id}
                else:
                    inside[next_id], offsets = t2[i], offsets | {next_id}
                next_id += 1
    if cutouts.items and rng.rand() < 0.15:
        pixels = np.ascontiguousarray(pixels)
        classes = cutouts.paste(rng, pixels, ids, next_id)
        if classes is not None:
            inside[next_id] = classes
            prompts, offsets = prompts | {next_id}, offsets | {next_id}
    pixels = recoloured(rng, pixels)

    cells = samples.side // 4
    shift = rng.randint(1, 3)
    shown, guess = ids[shift::4, shift::4], teacher[shift::4, shift::4]
    small = np.where((shown >= 200) & (shown < IGNORE), shown, 0) if salient else shown
    sets = np.where(small > 0, inside[small], outside[guess])
    if entry["labelled"]:
        known = (small > 0) & (small < IGNORE)
        known |= (small == 0) & (background_known | ((guess == 0) & (len(entry.get("labelled_classes", [])) > 0)))
    else:
        known = (small == 0) & (guess == 0) | (small >= 200) & (small < IGNORE)
    if not separate:
        known &= (small == 0) | (small >= 200)
    if unnamed:
        known &= ~np.isin(small, list(unnamed))

    heat = np.zeros((cells, cells), np.float32)
    offset = np.zeros((2, cells, cells), np.float32)
    offset_weight = np.zeros((cells, cells), np.float32)
    flat = small.ravel()
    area = np.bincount(flat, minlength=256)
    ys, xs = np.divmod(np.arange(cells * cells), cells)
    sum_y = np.bincount(flat, ys, minlength=256)
    sum_x = np.bincount(flat, xs, minlength=256)
    for i in np.nonzero(area[:255])[0]:
        if i not in offsets:
            continue
        cy, cx = sum_y[i] / area[i], sum_x[i] / area[i]
        sigma = 2.0 if area[i] > 60 else 1.3
        y0, y1 = max(0, int(cy) - 6), min(cells, int(cy) + 8)
        x0, x1 = max(0, int(cx) - 6), min(cells, int(cx) + 8)
        yy, xx = np.arange(y0, y1)[:, None] - round(cy), np.arange(x0, x1)[None] - round(cx)
        heat[y0:y1, x0:x1] = np.maximum(heat[y0:y1, x0:x1], np.exp(-(yy * yy + xx * xx) / (2 * sigma * sigma)))
        mine = small == i
        offset[0][mine] = (cy - np.nonzero(mine)[0]) / OFFSET_UNIT
        offset[1][mine] = (cx - np.nonzero(mine)[1]) / OFFSET_UNIT
        offset_weight[mine] = 1

    asked = []
    candidates = [i for i in np.unique(shown) if i in prompts and (shown == i).sum() >= 8]
    rng.shuffle(candidates)
    valid = cv2.resize((ids != IGNORE).astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA) > 0.99
    for i in candidates[: 3 if entry["source"] == "coco" or salient or next_id > 200 else 1]:
        mask = cv2.resize((ids == i).astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA)
        if (mask > 0.5).sum() >= 6:
            asked.append(Prompted(rng, mask, valid, (shown > 0) & (shown != i) & (shown < IGNORE)))
    return {"pixels": pixels, "sets": sets, "heat": heat, "heat_weight": known.astype(np.float32), "offset": offset,
            "offset_weight": offset_weight, "prompts": asked}  # fmt: skip
