"""Pictures and prompts that show the quantizer what the segmentation network will see."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from .segmentation_export import network_size
from .segmentation_grouping import softmax
from .segmentation_sampling import Samples, clicks_map, prior_map


def calibration_set(cache: Path, count: int, seed: int = 5):
    """`count` training photos at network size, and a function that clicks or boxes something in each."""
    samples, rng = Samples(cache), np.random.RandomState(seed)
    pictures = []
    for _ in range(count):
        pixels = samples.maps(samples.draw(rng))[0]
        size = network_size(pixels.shape[1], pixels.shape[0])
        pictures.append(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))

    def prompts(values) -> np.ndarray:
        semantic, instance = softmax(values["semantic"][0].numpy()), values["instance"][0].numpy()
        h, w = instance.shape[1:]
        point = lambda: (int(rng.randint(h)), int(rng.randint(w)))  # noqa: E731
        likely = np.unravel_index((1 - semantic[0] + rng.uniform(0, 0.3, (h, w))).argmax(), (h, w))
        positive, negative, box = [likely], [point() for _ in range(rng.randint(0, 3))], None
        if rng.rand() < 0.35:
            (y0, x0), (y1, x1) = point(), point()
            box, positive = (min(x0, x1), min(y0, y1), max(x0, x1) + 1, max(y0, y1) + 1), []
        maps = clicks_map(positive, negative, box, max(h, w))[:, :h, :w]
        prior = (128 + np.round(127 * prior_map(positive, box, instance, semantic))).astype(np.uint8)
        return np.concatenate([maps, prior[None]]).transpose(1, 2, 0)

    return pictures, prompts
