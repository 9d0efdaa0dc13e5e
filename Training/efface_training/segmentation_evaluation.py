"""Measures a segmentation network on the validation photos: classes, instances, clicks and boxes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from .runtime import NetworkFile
from .segmentation_data import CLASSES, INDEX, VOC, Teacher
from .segmentation_export import FEATURES, network_size
from .segmentation_network import OFFSET_UNIT, SegmentationNetwork, normalized
from .segmentation_sampling import clicks_map, prior_map


class FloatModel:
    """A trained network in fp32."""

    def __init__(self, network: SegmentationNetwork):
        self.network = network

    @torch.no_grad()
    def main(self, pixels: np.ndarray):
        s, i, f = self.network(normalized(torch.from_numpy(pixels).permute(2, 0, 1)[None]))
        return s[0].numpy(), i[0].numpy(), f

    @torch.no_grad()
    def prompt(self, prompt: np.ndarray, features) -> np.ndarray:
        p = (torch.from_numpy(prompt)[None].float() - 128) / 128
        return self.network.prompt(p, features)[0, 0].numpy()


class FileModel:
    """An exported file in exact integers."""

    def __init__(self, path: Path):
        self.file = NetworkFile.load(path)

    def main(self, pixels: np.ndarray):
        v = self.file.run({"image": pixels}, "main")
        return v["semantic"], v["instance"], {k: v[k] for k in FEATURES}

    def prompt(self, prompt: np.ndarray, features) -> np.ndarray:
        return self.file.run({**features, "prompt": prompt.transpose(1, 2, 0)}, "prompt")["prompt_last"][0]


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(0, keepdims=True))
    return e / e.sum(0, keepdims=True)


# How cells become objects: the same numbers as in the product's Grouping.
GAP = 3
CLICK_LEAN = 0.85  # added to the logits of prompts that are only positive clicks
LEAST_CENTRE, CENTRE_REACH, LEAST_VOTES, VOTE_REACH = 0.4, 4, 0.3, 3
TOLERANCE, SECOND_SHARE, PIECE_SHARE, SMALLEST, LEAST_SCORE, NEARNESS = (10.0, 0.5), 0.4, 0.2, 6, 0.48, 0.3


def grouped(semantic: np.ndarray, instance: np.ndarray) -> list[tuple[int, np.ndarray, float]]:
    """Objects as (class, cells, score): each cell goes to the middle that its offset points nearest to."""
    classes, heat = semantic.argmax(0), instance[0]
    side = 2 * CENTRE_REACH + 1
    top = cv2.dilate(heat, np.ones((side, side), np.uint8))
    cy, cx = np.nonzero((heat >= top) & (heat > LEAST_CENTRE) & (classes > 0))
    h, w = heat.shape
    dy, dx = instance[1] * OFFSET_UNIT, instance[2] * OFFSET_UNIT
    ys, xs = np.arange(h)[:, None] + dy, np.arange(w)[None] + dx
    tolerance = TOLERANCE[0] + TOLERANCE[1] * np.hypot(dy, dx)

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
    side = 2 * VOTE_REACH + 1
    votes = cv2.boxFilter(votes, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    cells = np.array([(owner == k).sum() for k in range(len(cy))])
    kept = (cells > 0) & (votes[cy, cx] >= LEAST_VOTES * cells) if len(cy) else np.zeros(0, bool)
    if kept.any() and not kept.all():
        cy, cx = cy[kept], cx[kept]
        owner = assigned()
    parts = [owner == k for k in range(len(cy)) if (owner == k).any()]
    # Echoes in a large object: what points to about the same place, for its size, is one.
    joined = True
    while joined and NEARNESS > 0:
        joined = False
        aims = [(ys[p].mean(), xs[p].mean(), p.sum(), np.bincount(classes[p]).argmax()) for p in parts]
        for a in range(len(parts)):
            for b in range(a):
                apart = np.hypot(aims[a][0] - aims[b][0], aims[a][1] - aims[b][1])
                if aims[a][3] == aims[b][3] and apart < NEARNESS * np.sqrt(aims[a][2] + aims[b][2]):
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
        strong = [c for c in range(1, len(CLASSES)) if c == main or counts[c] > SECOND_SHARE * total]
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
            touches = [(ring & m).sum() if d == c or piece.sum() < PIECE_SHARE * m.sum() else 0 for d, m in found]
            if touches and max(touches) > 0:
                found[int(np.argmax(touches))][1] |= piece
            else:
                found.append([int(c), piece])
    probability = softmax(semantic)
    found = [part for one in found for part in parted(*one)]
    # The score is of the cells of the object's own class: pieces that joined it say nothing of its name.
    scored = [(c, m, float(probability[c][m & (classes == c)].mean())) for c, m in found
              if m.sum() >= SMALLEST and (m & (classes == c)).any()]  # fmt: skip
    return [f for f in scored if f[2] >= LEAST_SCORE]


def parted(name: int, cells: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """An object without the parts that lie apart from its largest one, and those parts."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(cells.astype(np.uint8), connectivity=8)
    if count <= 2:
        return [(name, cells)]
    left, top, width, height, _ = boxes[1 + boxes[1:, cv2.CC_STAT_AREA].argmax()]
    around = np.zeros_like(cells)
    around[max(0, top - GAP) : top + height + GAP, max(0, left - GAP) : left + width + GAP] = True
    parts = [labels == k for k in range(1, count)]
    near = [bool((p & around).any()) for p in parts]
    whole = np.any([p for p, n in zip(parts, near) if n], axis=0)
    return [(name, whole)] + [(name, p) for p, n in zip(parts, near) if not n]


def both_views(model, pixels: np.ndarray):
    """The mean answer to a picture and to its mirror image, and the picture's features: as the product does."""
    semantic, instance, _ = model.main(np.ascontiguousarray(pixels[:, ::-1]))
    twin = instance[:, :, ::-1] * np.array([1, 1, -1], np.float32)[:, None, None]
    plain, plain_instance, features = model.main(pixels)
    return (plain + semantic[:, :, ::-1]) / 2, (plain_instance + twin) / 2, features


class Validation:
    def __init__(self, data: Path, limit: int | None = None):
        items = [json.loads(s) for s in (data / "labelled/labels.jsonl").read_text().splitlines()]
        self.items, self.data = [i for i in items if i["split"] == "val"][:: 1 if limit is None else limit], data

    def __iter__(self):
        for item in self.items:
            pixels = np.asarray(Image.open(self.data / "labelled/images" / f"{item['id']}.webp").convert("RGB"))
            yield item, pixels, np.asarray(Image.open(self.data / "labelled/masks" / f"{item['id']}.png"))


def class_maps(item, mask):
    """(class index of each pixel, 255 where not to be scored; pixels whose class is one of several)"""
    truth = np.where(mask == 255, 255, 0).astype(np.uint8)
    merged = {}
    for i in item["instances"]:
        name = i["class"] if i["class"] in INDEX else "sign" if i["class"] in ("stop sign", "traffic light") else "object"
        truth[mask == i["index"]] = INDEX[name]
        if "merged" in i:
            merged[i["index"]] = [n if n in INDEX else "object" for n in i["merged"]]
    return truth, merged


def complete(item, name: str) -> bool:
    if item.get("exhaustive"):
        return name not in ("sign", "pole")
    return name in (item.get("labelled_classes") or [])


def evaluate(model, data: Path, *, limit: int | None = None, prompts: bool = True, peer: Path | None = None) -> dict:
    count = len(CLASSES)
    both, either, seen = np.zeros(count), np.zeros(count), np.zeros(count, int)
    peer_both, peer_either = np.zeros(count), np.zeros(count)
    teacher = Teacher(peer) if peer else None
    hits, guesses, truths = 0, 0, 0
    scores = {"click": [], "clicks3": [], "box": []}
    voc = np.array([0] + [INDEX[v[0]] for v in VOC[1:]] + [0] * (256 - len(VOC)))
    for item, pixels, mask in Validation(data, limit):
        height, width = mask.shape
        w, h = network_size(width, height)
        shown = cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA if w < width else cv2.INTER_LINEAR)
        semantic, instance, features = both_views(model, shown)
        large = cv2.resize(np.ascontiguousarray(semantic.transpose(1, 2, 0)), (width, height), interpolation=cv2.INTER_LINEAR)
        guess = large.argmax(2)
        peer_guess = voc[teacher(pixels)] if teacher else None
        truth, merged = class_maps(item, mask)
        for c, name in enumerate(CLASSES):
            if c == 0 or name == "object" or not complete(item, name):
                continue
            valid = mask != 255
            for index, names in merged.items():
                if name in names:
                    valid &= mask != index
            t = (truth == c) & valid
            for g, inter, union in ((guess, both, either), (peer_guess, peer_both, peer_either)):
                if g is not None:
                    p = (g == c) & valid
                    inter[c] += (t & p).sum()
                    union[c] += (t | p).sum()
            seen[c] += t.any()
        if complete(item, "person") and not item.get("semantic_components"):
            wanted = [mask == i["index"] for i in item["instances"] if i["class"] == "person" and "merged" not in i]
            wanted = [m for m in wanted if m.sum() * (384 / max(width, height)) ** 2 > 150]
            got = [cv2.resize(m.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
                   for c, m, s in grouped(semantic, instance) if c == INDEX["person"] and m.sum() >= 9]  # fmt: skip
            got = [m & (mask != 255) for m in got]
            truths += len(wanted)
            guesses += len(got)
            for m in wanted:
                best = [(m & g).sum() / max(1, (m | g).sum()) for g in got]
                if best and max(best) >= 0.5:
                    hits += 1
        if prompts and item["source"] in ("coco", "davis16val"):
            probability = softmax(semantic)
            cells = (h // 4, w // 4)
            small = cv2.resize(mask, (w, h), interpolation=cv2.INTER_NEAREST)
            for i in item["instances"][:8]:
                wanted = mask == i["index"]
                here = cv2.resize((small == i["index"]).astype(np.float32), cells[::-1], interpolation=cv2.INTER_AREA)
                if (small == i["index"]).sum() < 1024 or here.max() < 0.5:
                    continue
                valid = mask != 255

                def answer(positive, negative, box):
                    ph, pw = cells
                    side = max(ph, pw)
                    map_ = clicks_map(positive, negative, box, side)[:, :ph, :pw]
                    prior = prior_map(positive, box, instance, probability)
                    map_ = np.concatenate([map_, (128 + np.round(127 * prior)).astype(np.uint8)[None]])
                    logit = model.prompt(map_, features) + (CLICK_LEAN if box is None and not negative else 0)
                    full = cv2.resize(logit, (width, height), interpolation=cv2.INTER_LINEAR) > 0
                    return full, logit > 0

                def iou(full):
                    return (full & wanted & valid).sum() / max(1, ((full | wanted) & valid).sum())

                hard = here > 0.5
                ys, xs = np.nonzero(hard)
                full, _ = answer([], [], (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
                scores["box"].append(iou(full))
                depth = lambda r: cv2.distanceTransform(np.pad(r.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]  # noqa: E731
                positive, negative = [np.unravel_index(depth(hard).argmax(), hard.shape)], []
                for number in range(3):
                    full, low = answer(positive, negative, None)
                    if number == 0:
                        scores["click"].append(iou(full))
                    missing, extra = depth(hard & ~low), depth(~hard & low)
                    if max(missing.max(), extra.max()) < 1:
                        continue
                    worst = missing if missing.max() >= extra.max() else extra
                    point = np.unravel_index(worst.argmax(), hard.shape)
                    (positive if worst is missing else negative).append(point)
                scores["clicks3"].append(iou(full))
    result = {
        "iou": {n: round(float(both[c] / either[c]), 4) for c, n in enumerate(CLASSES) if seen[c] and n != "object" and c},
        "images": {n: int(seen[c]) for c, n in enumerate(CLASSES) if seen[c] and n != "object" and c},
        "person_f1": round(2 * hits / max(1, truths + guesses), 4),
    }
    result["mean_iou"] = round(float(np.mean(list(result["iou"].values()))), 4)
    if teacher:
        named = {v[0] for v in VOC[1:]}
        result["peer_iou"] = {n: round(float(peer_both[c] / max(1, peer_either[c])), 4) for c, n in enumerate(CLASSES)
                              if seen[c] and n in named}  # fmt: skip
    result |= {k: round(float(np.mean(v)), 4) for k, v in scores.items() if v}
    result["objects"] = len(scores["box"])
    return result
