"""Outlines of whatever stands out in photos that nobody labelled: things to click on that have no class."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

SIDE = 320
SMALLEST, LARGEST = 0.01, 0.6  # of the photo
SURE = (0.25, 0.75)  # probabilities between are not known
MOST_OBJECTS = 4


class SalientTeacher:
    """U2-Netp (Qin et al., 2020; Apache-2.0) as an ONNX file."""

    MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])

    def __init__(self, path: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Probabilities at the size of `pixels` (H x W x 3 bytes), stretched so that the largest is 1."""
        small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        small = (small / max(float(small.max()), 1.0) - self.MEAN) / self.DEVIATION
        shown = self.session.run(None, {self.input: small.transpose(2, 0, 1)[None]})[0][0, 0]
        shown = (shown - shown.min()) / max(float(np.ptp(shown)), 1e-6)
        return cv2.resize(shown, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def objects(probability: np.ndarray) -> np.ndarray | None:
    """Indices 1... of separate things, 255 where it is not known; None where the teacher is not sure."""
    area = probability.size
    inside, unsure = probability > SURE[1], (probability > SURE[0]) & (probability <= SURE[1])
    if not SMALLEST < inside.sum() / area < LARGEST or unsure.sum() > 0.3 * inside.sum():
        return None
    count, parts, figures, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    largest = [i for i in np.argsort(-figures[:, cv2.CC_STAT_AREA]) if i > 0 and figures[i, cv2.CC_STAT_AREA] > SMALLEST * area]
    ids = np.where(inside | unsure, 255, 0).astype(np.uint8)
    for index, part in enumerate(largest[:MOST_OBJECTS]):
        ids[parts == part] = index + 1
    return ids


def add_salient_objects(cache: Path, teacher: Path) -> None:
    """Gives the cache's unlabelled photos instances of the class `object`, once."""
    entries = json.loads((cache / "index.json").read_text())
    if any("salient" in entry for entry in entries):
        return
    teach, outlines = SalientTeacher(teacher), []
    pixels = np.memmap(cache / "pixels.bin", np.uint8, "r")
    for index, entry in enumerate(entries):
        if index % 500 == 0:
            print(index, flush=True)
        if entry["labelled"]:
            continue
        width, height, at = entry["width"], entry["height"], entry["offset"]
        ids = objects(teach(pixels[at * 3 : (at + width * height) * 3].reshape(height, width, 3)))
        entry["salient"] = ids is not None
        if ids is not None:
            outlines.append((at, ids.ravel()))
            entry["instances"] = [{"index": int(i), "class": "object"} for i in np.unique(ids) if 0 < i < 255]
    instances = np.memmap(cache / "instances.bin", np.uint8, "r+")
    for at, ids in outlines:
        instances[at : at + len(ids)] = ids
    instances.flush()
    (cache / "index.json").write_text(json.dumps(entries))
    print(f"{len(outlines)} photos with salient objects", flush=True)
