"""Measures fills on fixed validation sets, beside classical methods, and draws a contact sheet.

Object set: photos of the validation split at 512 x 512 with one object-shaped hole of 3...30 %.
Free-form set: 60...67 % of the picture gone under thick strokes.
Figures: LPIPS(squeeze) on the hole's box (object set) or on the whole picture (free-form set); the distance of
EfficientNet-Lite0's features there; PSNR in the hole, the same after a Gaussian blur of 4 px of both pictures, and the
mean structural similarity there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .holes import free_form, object_shapes, place_object
from .inpainting_export import packed_bytes
from .inpainting_losses import PerceptualLoss
from .inpainting_network import pack_input
from .photos import PhotoStore
from .runtime import NetworkFile

SIDE = 512
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]  # pixels H x W x 3, hole H x W (0/1) -> pixels
Runner = Callable[[torch.Tensor], torch.Tensor]  # packed 1 x 4 x H x W -> what to add, 1 x 3 x H x W


@dataclass
class Case:
    name: str
    pixels: np.ndarray
    hole: np.ndarray


def _square(photo: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    h, w = photo.shape[:2]
    side = min(h, w)
    y, x = (h - side) // 2, (w - side) // 2
    photo = photo[y : y + side, x : x + side]
    return cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)


def evaluation_set(kind: str, data: Path, cache: Path, count: int = 64, seed: int = 20) -> list[Case]:
    """`kind` is objects or freeform. The same arguments give the same set; large photos come first."""
    store = PhotoStore(data, "val", cache, short_side=768, labelled=False)
    rng = np.random.RandomState(seed)
    order = sorted(rng.permutation(len(store)), key=lambda i: -min(768, min(store.shapes[i])) // 256)
    # Photos of single garments and object close-ups are not what people edit.
    order = [i for i in order if store.sources[i] not in ("clothing_small", "imagenet_sample")]
    shapes = object_shapes(data, "val")
    cases = []
    for i in order[:count]:
        while True:
            if kind == "objects":
                hole = place_object(shapes[rng.randint(len(shapes))], SIDE, rng.uniform(0.25, 0.8), rng, 0.3)
                if 0.03 <= hole.mean() <= 0.30:
                    break
            else:
                hole = free_form(SIDE, rng, 0.60, 0.67)
                break
        cases.append(Case(store.names[i], _square(store[i], rng), hole))
    return cases


# ---------------------------------------------------------------- methods


def window_of(hole: np.ndarray, width: float) -> tuple[int, int, int, int]:
    """Top, left, height, width of the square window whose side is `width` times the hole's longer side."""
    rows, columns = hole.shape
    ys, xs = np.nonzero(hole)
    side = max(ys.max() - ys.min() + 1, xs.max() - xs.min() + 1)
    side = max(128, round(side * width))
    h, w = min(side, rows), min(side, columns)
    top = int(np.clip((ys.min() + ys.max() + 1 - h) // 2, 0, rows - h))
    left = int(np.clip((xs.min() + xs.max() + 1 - w) // 2, 0, columns - w))
    return top, left, h, w


def network_fill(run: Runner, size: int = 192, width: float = 2) -> Fill:
    """A fill by `run`, which sees a window `width` times as wide as the hole, scaled to `size` pixels."""

    def fill(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
        top, left, h, w = window_of(hole, width)
        region = (slice(top, top + h), slice(left, left + w))
        longer = max(h, w)
        nh, nw = (max(128, round(v * size / longer / 32) * 32) for v in (h, w))
        method = cv2.INTER_AREA if longer > size else cv2.INTER_LINEAR
        small = cv2.resize(pixels[region], (nw, nh), interpolation=method)
        area = cv2.resize(hole[region].astype(np.float32), (nw, nh), interpolation=method)
        packed = pack_input(
            torch.from_numpy(small).permute(2, 0, 1)[None].float(),
            torch.from_numpy((area > 1e-3).astype(np.float32))[None, None],
        )
        picture = (packed[:, :3] + run(packed)).clamp(-1, 1)[0].permute(1, 2, 0).numpy() * 128 + 128
        picture = cv2.resize(picture, (w, h), interpolation=cv2.INTER_LINEAR if longer > size else cv2.INTER_AREA)
        out = pixels.copy()
        picture = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        out[region] = np.where(hole[region][..., None] > 0, picture, pixels[region])
        return out

    return fill


def product_fill(run: Runner, size: int) -> Fill:
    """As the product asks the network: for three times the hole's width, and for the mean with the mirror image's answer."""
    return network_fill(lambda packed: (run(packed) + run(packed.flip(3)).flip(3)) / 2, size, 3)


def float_runner(network: torch.nn.Module) -> Runner:
    def run(packed: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return network(packed.contiguous(memory_format=torch.channels_last))

    return run


def integer_runner(file: NetworkFile) -> Runner:
    def run(packed: torch.Tensor) -> torch.Tensor:
        values = file.run({"image": packed_bytes(packed[0])})
        return F.pixel_shuffle(torch.from_numpy(values["fill"])[None], 2)

    return run


def smooth_fill(packed: torch.Tensor) -> torch.Tensor:
    """The pull-push fill alone."""
    return torch.zeros_like(packed[:, :3])


def telea(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    return cv2.inpaint(pixels, hole, 5, cv2.INPAINT_TELEA)


def patchmatch(pixels: np.ndarray, hole: np.ndarray, size: int = 5) -> np.ndarray:
    """pypatchmatch with patches of `size` pixels."""
    from patchmatch import patch_match

    patch_match.set_random_seed(1)
    return patch_match.inpaint(pixels, hole[..., None] * 255, patch_size=size)


# ---------------------------------------------------------------- figures


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The map of structural similarity of two brightness pictures, 11 x 11 Gaussian windows (Wang et al., 2004)."""

    def mean(p: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(p, (11, 11), 1.5)

    ma, mb = mean(a), mean(b)
    va, vb, vab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return (2 * ma * mb + c1) * (2 * vab + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))


class Judge:
    """The figures of one fill. LPIPS is the independent one: the features' backbone is also in the training's loss."""

    def __init__(self):
        import lpips

        self.lpips = lpips.LPIPS(net="squeeze", verbose=False).eval()
        self.features = PerceptualLoss()

    @torch.no_grad()
    def __call__(self, fill: np.ndarray, case: Case, whole: bool) -> dict[str, float]:
        hole = case.hole > 0
        ys, xs = np.nonzero(hole)
        box = (slice(None), slice(None))
        if not whole:
            box = (slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1))
        a, b = (torch.from_numpy(p[box].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1 for p in (fill, case.pixels))
        if min(a.shape[2:]) < 64:  # the backbone needs some pixels
            factor = 64 / min(a.shape[2:])
            a, b = (F.interpolate(t, scale_factor=factor, mode="bilinear") for t in (a, b))

        def psnr(p, q):
            return float(10 * np.log10(255**2 / max(1e-3, np.square(p[hole] - q[hole]).mean())))

        fill, truth = fill.astype(np.float32), case.pixels.astype(np.float32)
        blur = [cv2.GaussianBlur(p, (0, 0), 4) for p in (fill, truth)]
        grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (fill, truth)]
        return dict(
            lpips=float(self.lpips(a, b)), features=float(self.features(a, b)), psnr=psnr(fill, truth),
            low_psnr=psnr(*blur), ssim=float(ssim(*grey)[hole].mean()),
        )  # fmt: skip


def measure(methods: dict[str, Fill], cases: list[Case], whole: bool = False, log=print) -> tuple[dict, dict]:
    """Mean figures by method, and every method's pictures."""
    judge, table, pictures = Judge(), {}, {}
    for name, fill in methods.items():
        pictures[name] = [fill(case.pixels.copy(), case.hole.copy()) for case in cases]
        figures = [judge(p, c, whole) for p, c in zip(pictures[name], cases)]
        table[name] = {key: round(float(np.mean([f[key] for f in figures])), 4) for key in figures[0]}
        log(f"{name:24s} " + "  ".join(f"{key} {value:.4f}" for key, value in table[name].items()))
    return table, pictures


def contact_sheet(path: Path, cases: list[Case], pictures: dict, count: int = 12, side: int = 200) -> None:
    """One row a case: the hole in white, each method, the truth."""
    rows = []
    for i in range(min(count, len(cases))):
        holed = cases[i].pixels.copy()
        holed[cases[i].hole > 0] = 255
        row = [holed] + [p[i] for p in pictures.values()] + [cases[i].pixels]
        rows.append(np.concatenate([cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in row], 1))
    cv2.imwrite(str(path), np.concatenate(rows, 0)[..., ::-1])
