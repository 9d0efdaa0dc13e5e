"""Photos as one memory-mapped array of bytes, so that a training step costs no decoding."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

# People remove things from streets, rooms and landscapes: those sources are drawn more often.
SOURCE_WEIGHTS = {
    "houses": 1.5, "osie": 1.5, "bsds500": 1.5, "codec_corpus": 2.0, "imagenet_sample": 1.0,
    "gb82": 2.0, "debian_photos": 2.0, "budgie_backgrounds": 2.0, "deepin_wallpapers": 2.0,
    "elementary_wallpapers": 2.0, "deep_photo_style": 1.5, "metadata_extractor": 1.2,
    "clothing_small": 0.4, "ccp": 0.4, "human_seg_290": 0.4, "pets600": 0.6,
}  # fmt: skip


class PhotoStore:
    """Decoded photos of one split, short side at most `short_side` pixels."""

    def __init__(self, data: Path, split: str, cache: Path, short_side: int = 384, labelled: bool = True):
        entries = []
        for folder, table in (("photos", "photos.jsonl"), ("labelled", "labels.jsonl")):
            if folder == "labelled" and not labelled:
                continue
            sub = "" if folder == "photos" else "images"
            for line in (data / folder / table).read_text().splitlines():
                item = json.loads(line)
                if item["split"] == split:
                    entries.append((data / folder / sub / f"{item['id']}.webp", item["source"]))
        key = hashlib.sha1(repr([(p.name, short_side) for p, _ in entries]).encode()).hexdigest()[:12]
        cache.mkdir(parents=True, exist_ok=True)
        pixels, index = cache / f"{split}-{key}.bin", cache / f"{split}-{key}.json"
        if not index.exists():
            shapes = []
            with open(pixels, "wb") as out:
                for path, _ in entries:
                    image = Image.open(path).convert("RGB")
                    scale = min(1.0, short_side / min(image.size))
                    if scale < 1:
                        image = image.resize([round(v * scale) for v in image.size], Image.LANCZOS)
                    array = np.asarray(image)
                    shapes.append(array.shape[:2])
                    out.write(array.tobytes())
            index.write_text(json.dumps(shapes))
        self.shapes = json.loads(index.read_text())
        self.sources = [source for _, source in entries]
        self.names = [path.stem for path, _ in entries]
        self.bytes = np.memmap(pixels, np.uint8, "r")
        self.offsets = np.concatenate([[0], np.cumsum([h * w * 3 for h, w in self.shapes])])
        weights = np.array([SOURCE_WEIGHTS.get(s, 0.8) for s in self.sources])
        self.cumulative = np.cumsum(weights / weights.sum())

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, i: int) -> np.ndarray:
        h, w = self.shapes[i]
        return self.bytes[self.offsets[i] : self.offsets[i + 1]].reshape(h, w, 3)

    def window(self, rng: np.random.RandomState, size: int, smallest: int = 150) -> np.ndarray:
        """A random square crop of a random photo, scaled to size x size, perhaps mirrored."""
        photo = self[min(int(np.searchsorted(self.cumulative, rng.rand())), len(self) - 1)]
        height, width = photo.shape[:2]
        side = min(height, width)
        crop = rng.randint(min(max(size, smallest), side), side + 1)
        y, x = rng.randint(0, height - crop + 1), rng.randint(0, width - crop + 1)
        window = photo[y : y + crop, x : x + crop]
        if crop != size:
            window = cv2.resize(window, (size, size), interpolation=cv2.INTER_AREA)
        return window[:, ::-1] if rng.rand() < 0.5 else window
