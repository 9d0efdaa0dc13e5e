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
from .segmentation_grouping import Thresholds
from .segmentation_network import SegmentationNetwork, normalized
from .segmentation_objects import found_objects
from .segmentation_prompts import Look, object_outlined, outlined
from .segmentation_sampling import depth


class FloatModel:
    """A trained network in fp32."""

    def __init__(self, network: SegmentationNetwork):
        self.network, self.thresholds, self.unlisted = network, Thresholds(), ["object"]

    @torch.no_grad()
    def main(self, pixels: np.ndarray):
        s, i, f = self.network(normalized(torch.from_numpy(pixels).permute(2, 0, 1)[None]))
        return s[0].numpy(), i[0].numpy(), f

    @torch.no_grad()
    def prompt(self, prompt: np.ndarray, features) -> np.ndarray:
        p = (torch.from_numpy(prompt)[None].float() - 128) / 128
        return self.network.prompt(p, features)[0, 0].numpy()


class FileModel:
    """An exported file, with the thresholds that it carries; `exact` in exact integers, else in floats."""

    def __init__(self, path: Path, exact: bool = False):
        self.file = NetworkFile.load(path, exact)
        parameters = self.file.document["parameters"]
        self.thresholds, self.unlisted = Thresholds(**parameters.get("thresholds", {})), parameters["unlisted"]

    @torch.no_grad()
    def main(self, pixels: np.ndarray):
        v = self.file.run({"image": pixels}, "main")
        return v["semantic"], v["instance"], {k: v[k] for k in FEATURES}

    @torch.no_grad()
    def prompt(self, prompt: np.ndarray, features) -> np.ndarray:
        return self.file.run({**features, "prompt": prompt.transpose(1, 2, 0)}, "prompt")["prompt_last"][0]


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


def prompted(item, mask: np.ndarray):
    """The objects of a photo that are asked for, and their cells: those larger than 32 x 32 pixels where the longer side has 384."""
    w, h = network_size(mask.shape[1], mask.shape[0], 384)
    small = cv2.resize(mask, (w, h), interpolation=cv2.INTER_NEAREST)
    for i in item["instances"][:8]:
        here = cv2.resize((small == i["index"]).astype(np.float32), (w // 4, h // 4), interpolation=cv2.INTER_AREA)
        if (small == i["index"]).sum() >= 1024 and here.max() >= 0.5:
            yield mask == i["index"], here > 0.5


def covered(item, mask: np.ndarray, objects, outlines: list[np.ndarray]):
    """The IoU of every found object with the thing of its class that it covers best, if that is at least 0.3: of the
    cells that the first look gave it, and of its outline."""
    valid = mask != 255
    things = [(i["class"], mask == i["index"]) for i in item["instances"] if "merged" not in i]
    things = [(name, m) for name, m in things if m.sum() * (384 / max(mask.shape)) ** 2 > 150]
    for found, outline in zip(objects, outlines):
        alike = [(n, m) for n, (name, m) in enumerate(things) if name == CLASSES[found.name]]
        best = max(((iou(found.pixels, m, valid), n) for n, m in alike), default=(0, 0))
        if best[0] >= 0.3:
            yield best[0], iou(outline, things[best[1]][1], valid)


def people_found(item, mask: np.ndarray, people: list[np.ndarray]) -> tuple[int, int, int]:
    """How many labelled people one of the found ones covers with an IoU of a half; of how many; how many are found."""
    height, width = mask.shape
    wanted = [mask == i["index"] for i in item["instances"] if i["class"] == "person" and "merged" not in i]
    wanted = [m for m in wanted if m.sum() * (384 / max(width, height)) ** 2 > 150]
    got = [cv2.resize(m.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0 for m in people if m.sum() >= 9]
    got = [m & (mask != 255) for m in got]
    best = [max([(m & g).sum() / max(1, (m | g).sum()) for g in got], default=0) for m in wanted]
    return sum(b >= 0.5 for b in best), len(wanted), len(got)


def pixel(cell, hard: np.ndarray, shape) -> tuple[float, float]:
    """The middle of a cell as (x, y) in the photo's pixels."""
    return (cell[1] + 0.5) * shape[1] / hard.shape[1], (cell[0] + 0.5) * shape[0] / hard.shape[0]


def click_on(hard: np.ndarray, shape) -> tuple[float, float]:
    """The click on an object's deepest cell, in the photo's pixels."""
    inner = depth(hard)
    return pixel(np.unravel_index(inner.argmax(), inner.shape), hard, shape)


def box_around(hard: np.ndarray, shape) -> tuple[float, float, float, float]:
    """The box (left, top, right, bottom) around an object's cells, in the photo's pixels."""
    sx, sy = shape[1] / hard.shape[1], shape[0] / hard.shape[0]
    ys, xs = np.nonzero(hard)
    return xs.min() * sx, ys.min() * sy, (xs.max() + 1) * sx, (ys.max() + 1) * sy


def iou(found: np.ndarray, wanted: np.ndarray, valid: np.ndarray) -> float:
    return float((found & wanted & valid).sum() / max(1, ((found | wanted) & valid).sum()))


def corrected(look: Look, pixels, mask, wanted: np.ndarray, hard: np.ndarray, t: Thresholds, rounds: int = 3):
    """The IoU after a click in the middle of an object, and after each further click in the middle of the largest
    mistake; it ends early where no mistake is left that holds a cell."""
    positive, negative = [click_on(hard, mask.shape)], []
    for _ in range(rounds):
        full = outlined(look, pixels, positive, negative, None, t)
        yield iou(full, wanted, mask != 255)
        low = cv2.resize(full.astype(np.float32), hard.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
        missing, extra = depth(hard & ~low), depth(~hard & low)
        if max(missing.max(), extra.max()) < 1:
            break
        worst, points = (missing, positive) if missing.max() >= extra.max() else (extra, negative)
        points.append(pixel(np.unravel_index(worst.argmax(), worst.shape), hard, mask.shape))


def evaluate(model, data: Path, *, limit: int | None = None, prompts: bool = True, peer: Path | None = None) -> dict:
    count = len(CLASSES)
    both, either, seen = np.zeros(count), np.zeros(count), np.zeros(count, int)
    peer_both, peer_either = np.zeros(count), np.zeros(count)
    teacher = Teacher(peer) if peer else None
    hits, guesses, truths, named = 0, 0, 0, []
    scores = {"click": [], "clicks3": [], "box": []}
    voc = np.array([0] + [INDEX[v[0]] for v in VOC[1:]] + [0] * (256 - len(VOC)))
    for item, pixels, mask in Validation(data, limit):
        height, width = mask.shape
        look = Look(model, pixels, (0, 0, width, height))
        semantic = look.semantic
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
            objects = found_objects(model, look, pixels, lambda window: Look(model, pixels, window))
            people = [o.pixels for o in objects if o.name == INDEX["person"]]
            hits, truths, guesses = (a + b for a, b in zip((hits, truths, guesses), people_found(item, mask, people)))
            outlines = [object_outlined(look, pixels, objects, n, model.thresholds) for n in range(len(objects))]
            named += covered(item, mask, objects, outlines)
        if prompts and item["source"] in ("coco", "davis16val"):
            for wanted, hard in prompted(item, mask):
                full = outlined(look, pixels, [], [], box_around(hard, mask.shape), model.thresholds)
                scores["box"].append(iou(full, wanted, mask != 255))
                clicks = list(corrected(look, pixels, mask, wanted, hard, model.thresholds))
                scores["click"].append(clicks[0])
                scores["clicks3"].append(clicks[-1])
    result = {
        "iou": {n: round(float(both[c] / either[c]), 4) for c, n in enumerate(CLASSES) if seen[c] and n != "object" and c},
        "images": {n: int(seen[c]) for c, n in enumerate(CLASSES) if seen[c] and n != "object" and c},
        "person_f1": round(2 * hits / max(1, truths + guesses), 4),
    }
    result["mean_iou"] = round(float(np.mean(list(result["iou"].values()))), 4)
    if teacher:
        known = {v[0] for v in VOC[1:]}
        result["peer_iou"] = {n: round(float(peer_both[c] / max(1, peer_either[c])), 4) for c, n in enumerate(CLASSES)
                              if seen[c] and n in known}  # fmt: skip
    if named:
        result |= {"named": len(named)} | dict(zip(("named_cells_iou", "named_iou"), np.mean(named, 0).round(4).tolist()))
    result |= {k: round(float(np.mean(v)), 4) for k, v in scores.items() if v}
    result["objects"] = len(scores["box"])
    return result
