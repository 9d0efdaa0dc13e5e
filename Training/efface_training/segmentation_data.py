"""Photos, instances and teacher labels for the segmentation network, decoded once into one memory map.

A pixel's class target is a *set* of classes, kept as a bit mask: sources label different classes, one mask
may cover two classes (a rider and the bicycle), and a teacher knows only some. The loss is the negative
logarithm of the probability that the set holds together, so that an unlabelled class is never punished.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

CLASSES = [
    "background", "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "bird", "cat", "dog", "horse", "sheep", "cow", "sign", "pole", "handbag", "bottle", "chair", "couch",
    "potted plant", "dining table", "tv", "object",
]  # fmt: skip
INDEX = {name: i for i, name in enumerate(CLASSES)}
EVERYTHING = (1 << len(CLASSES)) - 1
# What else may be called this class: camvid's signs are of many kinds.
SIGNS = {"stop sign", "traffic light", "sign"}
# The teacher's 21 VOC labels in its order, as sets of our classes.
VOC = [
    None, ("airplane",), ("bicycle",), ("bird",), ("boat",), ("bottle",), ("bus",), ("car", "truck"), ("cat",),
    ("chair",), ("cow",), ("dining table",), ("dog",), ("horse",), ("motorcycle",), ("person", "handbag"),
    ("potted plant",), ("sheep",), ("couch",), ("train",), ("tv",),
]  # fmt: skip
# How much a pixel of a class counts; those not named are rare.
COMMON_WEIGHTS = {"background": 1.0, "person": 1.4, "car": 1.8, "cat": 2.0, "dog": 2.2, "object": 1.2, "handbag": 3.0}
RARE_WEIGHT = 6.0
UNCERTAIN = 255
LONG_SIDE = 448


def bits(names) -> int:
    value = 0
    for name in names:
        value |= 1 << INDEX["sign" if name in SIGNS else name if name in INDEX else "object"]
    return value


VOC_NAMES = {name for names in VOC if names for name in names}


def background_sets(exhaustive: bool, labelled: list[str] | None) -> np.ndarray:
    """For a pixel outside every instance: teacher label → set of classes (256 entries)."""
    table = np.full(256, EVERYTHING, np.int64)
    if exhaustive:
        # COCO has no poles, and no signs but stop signs and traffic lights.
        table[:] = bits(["background", "sign", "pole"])
        table[0] = bits(["background", "sign", "pole"])
        return table
    known = bits(labelled or [])
    unknown = EVERYTHING & ~known
    table[:] = unknown
    table[0] = bits(["background"]) | (unknown & ~bits(VOC_NAMES)) | (bits(["truck", "handbag"]) & unknown)
    for label in range(1, len(VOC)):
        allowed = bits(VOC[label]) & ~known
        table[label] = allowed if allowed else bits(["background"])
    table[UNCERTAIN] = unknown
    return table


def resized(width: int, height: int, long_side: int) -> tuple[int, int]:
    scale = min(1.0, long_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


class Teacher:
    """The published DeepLabV3-MobileNetV2 (21 VOC labels) on a square of 513 pixels."""

    def __init__(self, path: Path):
        from ai_edge_litert.interpreter import Interpreter

        self.run = Interpreter(model_path=str(path), num_threads=1)
        self.run.allocate_tensors()
        self.input = self.run.get_input_details()[0]["index"]
        self.output = self.run.get_output_details()[0]["index"]

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Labels at the size of `pixels`: the long side fills the square, the rest is grey."""
        height, width = pixels.shape[:2]
        scale = 513 / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        square = np.full((513, 513, 3), 127, np.uint8)
        square[:h, :w] = cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        self.run.set_tensor(self.input, square[None])
        self.run.invoke()
        labels = self.run.get_tensor(self.output)[0].astype(np.uint8)[:h, :w]
        return cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)


def uncertain_edges(labels: np.ndarray) -> np.ndarray:
    """Teacher labels with a band around each boundary marked as not known."""
    kernel = np.ones((5, 5), np.uint8)
    edge = cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)
    return np.where(edge, UNCERTAIN, labels)


def build_cache(data: Path, teacher: Path, cache: Path) -> None:
    """Writes pixels.bin (RGB), instances.bin, teacher.bin and index.json."""
    cache.mkdir(parents=True, exist_ok=True)
    teach, entries, offset = Teacher(teacher), [], 0
    labelled = [json.loads(s) for s in (data / "labelled/labels.jsonl").read_text().splitlines()]
    photos = [json.loads(s) for s in (data / "photos/photos.jsonl").read_text().splitlines()]
    with open(cache / "pixels.bin", "wb") as fp, open(cache / "instances.bin", "wb") as fi, open(
        cache / "teacher.bin", "wb"
    ) as ft:
        for item, is_labelled in [(x, True) for x in labelled] + [(x, False) for x in photos]:
            if item.get("split", "train") != "train":
                continue
            folder = data / ("labelled/images" if is_labelled else "photos")
            pixels = np.asarray(Image.open(folder / f"{item['id']}.webp").convert("RGB"))
            w, h = resized(pixels.shape[1], pixels.shape[0], LONG_SIDE)
            pixels = cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA)
            if is_labelled:
                mask = np.asarray(Image.open(data / "labelled/masks" / f"{item['id']}.png"))
                mask = cv2.resize(mask, (w, h), interpolation=cv2.INTER_NEAREST)
            else:
                mask = np.zeros((h, w), np.uint8)
            guess = np.zeros((h, w), np.uint8) if item.get("exhaustive") else uncertain_edges(teach(pixels))
            fp.write(pixels.tobytes())
            fi.write(mask.tobytes())
            ft.write(guess.tobytes())
            counts = np.bincount(guess.ravel(), minlength=256)
            entry = {k: item[k] for k in ("id", "source", "exhaustive", "labelled_classes", "semantic_components") if k in item}
            entry |= {"offset": offset, "width": w, "height": h, "labelled": is_labelled,
                      "instances": item.get("instances", []),
                      "guessed": [int(i) for i in range(1, len(VOC)) if counts[i] > 0.004 * w * h]}  # fmt: skip
            entries.append(entry)
            offset += w * h
            if len(entries) % 500 == 0:
                print(len(entries), flush=True)
    (cache / "index.json").write_text(json.dumps(entries))


if __name__ == "__main__":
    import sys

    cv2.setNumThreads(1)
    build_cache(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
