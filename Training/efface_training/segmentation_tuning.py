"""Chooses the thresholds that a segmentation network's file carries, on one half of the validation photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from .segmentation_data import INDEX
from .segmentation_evaluation import FileModel, Validation, box_around, complete, corrected, iou, people_found, prompted
from .segmentation_grouping import Thresholds, grouped
from .segmentation_prompts import Look, outlined

GROUPING = {
    "least_centre": (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5), "least_votes": (0.2, 0.3, 0.4, 0.5, 0.6),
    "tolerance_cells": (6.0, 10.0, 14.0, 20.0), "second_share": (0.3, 0.4, 0.5), "nearness": (0.2, 0.3, 0.4, 0.5, 0.6),
    "smallest": (6, 10, 16), "least_score": (0.4, 0.44, 0.48, 0.52, 0.56, 0.6, 0.64, 0.68),
}  # fmt: skip
CLICKS = {"click_lean": (0.4, 0.6, 0.85, 1.1, 1.4, 1.8), "click_zoom_share": (0.0, 0.2, 0.35, 0.6)}
BOXES = {"box_lean": (-0.3, 0.0, 0.3, 0.6), "box_zoom_share": (0.0, 0.4, 0.8), "zoom_margin": (0.4, 0.6, 1.0)}


class Tuning:
    """What the network said of every second photo, and of the others: (tuned on, held back)."""

    def __init__(self, model: FileModel, data: Path):
        self.people, self.things = ([], []), ([], [])
        for number, (item, pixels, mask) in enumerate(Validation(data)):
            asks = item["source"] in ("coco", "davis16val")
            counts = complete(item, "person") and not item.get("semantic_components")
            if not asks and not counts:
                continue
            look = Look(model, pixels, (0, 0, mask.shape[1], mask.shape[0]))
            if counts:
                self.people[number % 2].append((item, mask, look.semantic.astype(np.float16), look.instance.astype(np.float16)))
            if asks:
                self.things[number % 2].append((look, pixels, mask, list(prompted(item, mask))))

    def person_f1(self, half: int, t: Thresholds) -> float:
        hits = total = 0
        for item, mask, semantic, instance in self.people[half]:
            found = grouped(semantic.astype(np.float32), instance.astype(np.float32), t)
            right, wanted, got = people_found(item, mask, [cells for c, cells, _ in found if c == INDEX["person"]])
            hits, total = hits + right, total + wanted + got
        return 2 * hits / max(1, total)

    def box_iou(self, half: int, t: Thresholds) -> float:
        """Mean IoU of what a box around every object finds."""
        scores = []
        for look, pixels, mask, things in self.things[half]:
            for wanted, hard in things:
                full = outlined(look, pixels, [], [], box_around(hard, mask.shape), t)
                scores.append(iou(full, wanted, mask != 255))
        return float(np.mean(scores))

    def click_iou(self, half: int, t: Thresholds) -> tuple[float, float]:
        """Mean IoU of what one click finds, and what three do: a threshold may win the one and lose the other."""
        rounds = [list(corrected(look, pixels, mask, wanted, hard, t))
                  for look, pixels, mask, things in self.things[half] for wanted, hard in things]  # fmt: skip
        return float(np.mean([r[0] for r in rounds])), float(np.mean([r[-1] for r in rounds]))

    def figures(self, half: int, t: Thresholds) -> str:
        click, three = self.click_iou(half, t)
        return f"person F1 {self.person_f1(half, t):.3f}, click {click:.3f}, three {three:.3f}, box {self.box_iou(half, t):.3f}"


def tune(path: Path, data: Path) -> Thresholds:
    """The best thresholds for a file, one number after the other; prints every step."""
    model = FileModel(path)
    tuning = Tuning(model, data)
    best = start = model.thresholds
    for choices, measure in (
        (GROUPING, lambda t: tuning.person_f1(0, t)),
        (CLICKS, lambda t: sum(tuning.click_iou(0, t)) / 2),
        (BOXES, lambda t: tuning.box_iou(0, t)),
    ):
        score = measure(best)
        for name, values in choices.items():
            for value in values:
                if value == getattr(best, name):
                    continue
                tried = replace(best, **{name: value})
                # What is hardly better on half of the photos is chance.
                if (new := measure(tried)) > score + 0.001:
                    best, score = tried, new
            print(f"{name} {getattr(best, name)}: {score:.4f}", flush=True)
    for label, t in (("after", best), ("before", start)):
        for half, name in ((1, "held back"), (0, "tuned on")):
            print(f"{label}, {name}: {tuning.figures(half, t)}", flush=True)
    return best
