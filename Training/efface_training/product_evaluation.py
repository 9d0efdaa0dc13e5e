"""Measures whole fills, as the program makes them, beside classical tools on the very same pictures.

Objects: photos of the validation split at 512 x 512 with one object-shaped hole of 3...30 %.
Large: photos of about 2048 px from a folder, with one object-shaped hole of 400...800 px.
Each set has a half for tuning and a half for reporting; what is tuned on the one is reported on the other.

Figures, means over a set:
lpips: LPIPS(squeeze) on the hole's box; psnr and low_psnr: in the hole, the latter after a Gaussian
blur of 4 px of both pictures; ssim: in the hole (Wang et al. 2004); energy: the mean gradient in the
hole over that in a ring around it as wide as a quarter of the hole (geometric mean; 1 is as sharp as
the surroundings), truth_energy: over that of the truth.
"""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from .holes import object_shapes, place_object
from .inpainting_evaluation import Case, Judge, evaluation_set, integer_runner, patchmatch, product_fill, telea
from .runtime import NetworkFile

LARGE = 2048


def halves(cases: list[Case], half: str) -> list[Case]:
    return {"tuning": cases[0::2], "reporting": cases[1::2], "both": cases}[half]


def large_set(photos: Path, data: Path) -> list[Case]:
    """Every photo of the folder, in order of name, its middle at a long side of at most 2048 px. A case's name tells its
    pixels: fills that an earlier run left are of the same ones."""
    shapes, rng, cases = object_shapes(data, "val"), np.random.RandomState(21), []
    for path in sorted(p for p in photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")):
        photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if photo is None or min(photo.shape[:2]) < 1000:
            continue
        photo = photo[..., ::-1]
        scale = LARGE / max(photo.shape[:2])
        if scale < 1:
            photo = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = photo.shape[:2]
        side = min(height, width)
        while True:
            square = place_object(shapes[rng.randint(len(shapes))], side, rng.uniform(400, 760) / side, rng, 0.3)
            ys, xs = np.nonzero(square)
            if len(ys) and 400 <= max(np.ptp(ys), np.ptp(xs)) + 1 <= 800 and square.mean() > 0.03:
                break
        hole = np.zeros((height, width), np.uint8)
        top, left = (height - side) // 2, (width - side) // 2
        hole[top : top + side, left : left + side] = square
        photo = np.ascontiguousarray(photo)
        cases.append(Case(f"{path.stem}-{zlib.crc32(hole, zlib.crc32(photo)):08x}", photo, hole))
    return cases


def product_set(kind: str, half: str, data: Path, cache: Path, count: int, photos: Path | None) -> list[Case]:
    if kind == "large":
        if photos is None:
            raise SystemExit("the large set needs --photos FOLDER")
        return halves(large_set(photos, data)[:count], half)
    return halves(evaluation_set("objects", data, cache, count), half)


def write_cases(folder: Path, cases: list[Case]) -> None:
    """NAME.png and NAME.mask.png for programs, .ppm and .pgm for the benchmark, and the oracle's guide.

    The oracle is the truth as a good network might know it: a quarter as wide, blurred by
    8 pixels of the photo.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        if (folder / f"{case.name}.guide.ppm").exists():
            continue
        height, width = case.hole.shape
        blurred = cv2.GaussianBlur(case.pixels, (0, 0), 8 * max(height, width) / 512)
        guide = cv2.resize(blurred, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
        holed = case.pixels.copy()
        holed[case.hole > 0] = (255, 0, 255)  # whoever peeks into the hole is found out
        for suffix in (".mask.png", ".pgm"):
            cv2.imwrite(str(folder / f"{case.name}{suffix}"), case.hole * 255)
        # The guide comes last: where it is, the others are complete.
        for suffix, picture in ((".png", holed), (".ppm", holed), (".guide.ppm", guide)):
            cv2.imwrite(str(folder / f"{case.name}{suffix}"), picture[..., ::-1])


def fill_by_product(program: Path, cases: list[Case], folder: Path, output: Path, options: Iterable[str] = ()) -> None:
    """Runs the built program on every case; the masks are taken as they are."""
    output.mkdir(parents=True, exist_ok=True)
    for case in cases:
        command = [program, "remove-object", folder / f"{case.name}.png", "--mask", folder / f"{case.name}.mask.png"]
        command += ["--grow", "0", "--feather", "0", "--force", "--quiet", "-o", output / f"{case.name}.png", *options]
        subprocess.run([str(word) for word in command], check=True)


def fill_by_network(file: Path, cases: list[Case], output: Path) -> None:
    """The network's picture enlarged, without the synthesis of detail."""
    output.mkdir(parents=True, exist_ok=True)
    network = NetworkFile.load(file)
    fill = product_fill(integer_runner(network), network.document["input_size"])
    for case in cases:
        cv2.imwrite(str(output / f"{case.name}.png"), fill(case.pixels.copy(), case.hole.copy())[..., ::-1])


def peers(kind: str) -> list[str]:
    """Which classical tools fill a set: large patches would take a minute a large picture."""
    return [name for name in PEERS if kind == "objects" or name != "patchmatch 9"]


def fill_by_peers(names: list[str], cases: list[Case], folder: Path, output: Path) -> None:
    """Fills by OpenCV, pypatchmatch and G'MIC, each once: pictures that are there stay."""
    for case in cases:
        for name in names:
            fill = PEERS[name]
            path = output / name / f"{case.name}.png"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == "gmic":
                inputs = [str(folder / f"{case.name}{suffix}") for suffix in (".png", ".mask.png")]
                command = ["gmic", "-v", "0", *inputs, "-inpaint_matchpatch[0]", "[1]", "-keep[0]", "-output", str(path)]
                subprocess.run(command, check=True)
            else:
                holed = case.pixels.copy()
                holed[case.hole > 0] = 0
                cv2.imwrite(str(path), fill(holed, case.hole.copy())[..., ::-1])
            print(f"{name}: {case.name}")


PEERS = {"telea": telea, **{f"patchmatch {n}": partial(patchmatch, size=n) for n in (5, 9)}, "gmic": None}


# ---------------------------------------------------------------- figures


def _gradient(brightness: np.ndarray, where: np.ndarray) -> float:
    across, down = (np.abs(np.diff(brightness, axis=axis)) for axis in (1, 0))
    inside = where > 0
    pairs = (inside[:, 1:] & inside[:, :-1], inside[1:] & inside[:-1])
    return float((across[pairs[0]].sum() + down[pairs[1]].sum()) / max(1, pairs[0].sum() + pairs[1].sum()))


def figures(judge: Judge, fill: np.ndarray, case: Case) -> dict[str, float]:
    result = judge(fill, case, whole=False)
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (fill, case.pixels)]
    width = max(8, int(np.sqrt(case.hole.sum()) / 4)) | 1
    ring = cv2.dilate(case.hole, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1)))
    of_ring = _gradient(grey[1], ring - case.hole)
    of_fill, of_truth = (_gradient(g, case.hole) for g in grey)
    result["energy"] = float(np.log((of_fill + 0.1) / (of_ring + 0.1)))
    result["truth_energy"] = float(np.log((of_fill + 0.1) / (of_truth + 0.1)))
    return result


def read_fills(folder: Path, cases: list[Case]) -> list[np.ndarray]:
    paths = [next(p for s in (".png", ".ppm") if (p := folder / f"{case.name}{s}").exists()) for case in cases]
    return [cv2.imread(str(p), cv2.IMREAD_COLOR)[..., ::-1] for p in paths]


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    for key in ("energy", "truth_energy"):
        means[key] = float(np.exp(means[key]))
    return means


class Scores:
    """Figures of every case of several folders of fills, printed as they come."""

    def __init__(self, cases: list[Case]):
        self.cases, self.judge, self.table = cases, Judge(), {}

    def add(self, name: str, folder: Path, remark: str = "") -> None:
        fills = read_fills(folder, self.cases)
        self.table[name] = [figures(self.judge, fill, case) for fill, case in zip(fills, self.cases)]
        means = summary(self.table[name])
        print(f"{name:16s} " + "  ".join(f"{key} {value:.4f}" for key, value in means.items()) + remark)

    def means(self) -> dict[str, dict[str, float]]:
        return {name: summary(rows) for name, rows in self.table.items()}


def sheet(
    path: Path, fills: dict[str, Path], cases: list[Case], table: dict, chosen: Iterable[int], side: int = 256
) -> None:
    """One row a case, cut to the hole's surroundings: the hole, every method with its LPIPS, the truth."""
    pictures, rows = {name: read_fills(folder, cases) for name, folder in fills.items()}, []
    for i in chosen:
        case = cases[i]
        ys, xs = np.nonzero(case.hole)
        half = int(0.75 * max(np.ptp(ys), np.ptp(xs))) + 8
        y, x = (ys.min() + ys.max()) // 2, (xs.min() + xs.max()) // 2
        region = (slice(max(0, y - half), y + half), slice(max(0, x - half), x + half))
        holed = case.pixels.copy()
        holed[case.hole > 0] = 255
        row = []
        for name, picture in (("", holed), *((n, p[i]) for n, p in pictures.items()), ("truth", case.pixels)):
            cut = picture[region]
            scale = side / max(cut.shape[:2])
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=method)[:side, :side]
            tile = np.full((side + 16, side, 3), 255, np.uint8)
            tile[: cut.shape[0], : cut.shape[1]] = cut
            text = f"{i} {case.name[:22]}" if not name else name
            if name in table:
                text += f" {table[name][i]['lpips']:.3f}"
            cv2.putText(tile, text, (2, side + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
            row.append(tile)
        rows.append(np.concatenate(row, 1))
    cv2.imwrite(str(path), np.concatenate(rows, 0)[..., ::-1])

