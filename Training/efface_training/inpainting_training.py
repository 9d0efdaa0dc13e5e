"""Trains the inpainting network; resumable; the same command runs on a CPU and on CUDA."""

from __future__ import annotations

import copy
import json
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn as nn

from .holes import hole_pool, unpack_hole
from .inpainting_losses import PerceptualLoss, gaussian_blur, hole_mean, pixel_losses, random_projection
from .inpainting_network import InpaintingNetwork, pack_input
from .inpainting_start import grown, load_file, revive
from .inpainting_step import TrainingStep
from .inpainting_windows import DeviceWindows
from .muon import Muon
from .precision import mixed_precision
from .photos import PhotoStore
from .pruning import Curvature, measure_curvature


def to_tensors(windows: np.ndarray, holes: np.ndarray, device) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = torch.from_numpy(windows).to(device).permute(0, 3, 1, 2).float()
    return pixels, torch.from_numpy(holes).to(device).permute(0, 3, 1, 2).float()


def fill_windows(network, pixels: torch.Tensor, hole: torch.Tensor, autocast: bool = True) -> torch.Tensor:
    """The network's picture in -1...1, over the whole window."""
    packed = pack_input(pixels, hole).contiguous(memory_format=torch.channels_last)
    with mixed_precision(pixels.device.type, autocast):
        added = network(packed)
    return packed[:, :3] + added.float()


def fill_twice(network, pixels: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """The mean of what the network says of the windows and of their mirror images, as the product asks it."""
    own, twin = (fill_windows(network, *pair) for pair in ((pixels, hole), (pixels.flip(3), hole.flip(3))))
    return (own + twin.flip(3)) / 2


def split_parameters(network) -> tuple[list, list]:
    """(kernels for Muon, the rest): the last convolution's few channels are no matrix to orthogonalize."""
    matrices, others = [], []
    for p in network.parameters():
        (matrices if p.dim() == 4 and p.shape[0] >= 16 else others).append(p)
    return matrices, others


def _settle(network: nn.Module) -> None:
    """A network of bytes chooses its weights' scales anew."""
    if hasattr(network, "settle"):
        network.settle()


class Trainer:
    """State of one run in `folder`: checkpoint.pt, log.jsonl."""

    def __init__(self, data: Path, folder: Path, cache: Path, device: str = "cpu", network: nn.Module | None = None):
        self.folder, self.device, self.cache = folder, torch.device(device), cache
        folder.mkdir(parents=True, exist_ok=True)
        self.network = (network or InpaintingNetwork()).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        matrices, others = split_parameters(self.network)
        self.muon = Muon(matrices, 1e-3, weight_decay=0.01)
        # Values are small where the network works coarsely: biases at the full rate close ReLUs for ever. Scales are numbers.
        shares, kinds = {0: 0.5, 1: 0.1}, sorted({p.dim() for p in others}, reverse=True)
        groups = [dict(params=[p for p in others if p.dim() == kind], share=shares.get(kind, 1.0)) for kind in kinds]
        self.adam = torch.optim.AdamW(groups, 1e-3, betas=(0.9, 0.98), weight_decay=0.0, capturable=self.device.type == "cuda")
        self.step = self.images = 0
        self.masks: dict[str, torch.Tensor] = {}  # pruned weights: 0 where a block is gone
        self.photos = PhotoStore(data, "train", cache)
        self.holes = hole_pool(cache / "holes-256.npy", data, 6000)
        self.validation = self._validation_windows(data)
        self.perceptual = None
        self.windows = DeviceWindows(self.photos, self.holes, self.device)

    def _validation_windows(self, data: Path, count: int = 64, size: int = 256):
        store = PhotoStore(data, "val", self.cache, labelled=False)
        pool = hole_pool(self.cache / "holes-256-val.npy", data, 400, seed=2)
        rng = np.random.RandomState(5)
        windows = np.stack([store.window(rng, size) for _ in range(count)])
        holes = np.stack([unpack_hole(pool[i], size)[..., None] for i in range(count)])
        return windows, holes

    def save(self, name: str = "checkpoint.pt") -> None:
        state = dict(
            config=getattr(self.network, "config", None), network=self.network.state_dict(), average=self.average.state_dict(),
            muon=self.muon.state_dict(), adam=self.adam.state_dict(), masks=self.masks,
            step=self.step, images=self.images,
        )  # fmt: skip
        part = self.folder / (name + ".part")
        torch.save(state, part)
        part.rename(self.folder / name)

    def load(self, path: Path, optimizers: bool = True) -> None:
        state = torch.load(path, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        if optimizers:
            self.muon.load_state_dict(state["muon"])
            self.adam.load_state_dict(state["adam"])
        self.masks, self.step, self.images = state["masks"], state["step"], state["images"]

    def start(self, path: Path, reviving: bool) -> None:
        """Goes on from a network file; what it lacks stays pruned, but for branches that start anew.

        Where this network is wider or deeper, nothing is pruned.
        """
        network, masks = load_file(path)
        if network.config != self.network.config:
            network, masks = grown(network, self.network.config), {}
        if reviving:
            packed = pack_input(*self.windows.batch(32, 128))
            count = revive(network, packed.cpu(), masks)
            print(f"{count} channels that never opened start anew", flush=True)
        for mine in (self.network, self.average):
            mine.load_state_dict(network.state_dict())
        self.masks = masks
        self.apply_masks(self.network)

    def log(self, **values) -> None:
        line = json.dumps(dict(time=time.strftime("%H:%M:%S"), step=self.step, images=self.images, **values))
        with open(self.folder / "log.jsonl", "a") as out:
            out.write(line + "\n")
        print(line, flush=True)

    @torch.no_grad()
    def validate(self, size: int) -> dict:
        """Mean PSNR in the hole and after a blur (4 px at 512), of the averaged network."""
        sharp, low = [], []
        windows, holes = self.validation
        for i in range(0, len(windows), 16):
            w = np.stack([cv2.resize(a, (size, size), interpolation=cv2.INTER_AREA) for a in windows[i : i + 16]])
            h = np.stack([unpack_hole(np.packbits(a[..., 0], axis=1), size)[..., None] for a in holes[i : i + 16]])
            pixels, hole = to_tensors(w, h, self.device)
            fill, truth = fill_windows(self.average, pixels, hole).clamp(-1, 1), (pixels - 128) / 128
            difference = (fill - truth) * hole
            sharp += (-10 * (hole_mean(difference.square(), hole) / 4).log10()).tolist()
            blurred = gaussian_blur(difference, size / 128)
            low += (-10 * (hole_mean(blurred.square(), hole) / 4).log10()).tolist()
        figures = dict(size=size, psnr=round(float(np.mean(sharp)), 3), low_psnr=round(float(np.mean(low)), 3))
        figures["open"] = self._open_share(pixels, hole)
        if self.masks:
            figures["sparsity"] = round(1 - float(torch.cat([m.flatten() for m in self.masks.values()]).mean()), 4)
        return figures

    @torch.no_grad()
    def _open_share(self, pixels: torch.Tensor, hole: torch.Tensor) -> list[float]:
        """What share of the channels inside each residual block at 1/8 ever opens: zero is a dead block."""
        shares, handles = [], []
        for block in getattr(self.average, "middle", []):
            note = lambda _, __, y: shares.append(round(float(((y > 0).sum((0, 2, 3)) > 0).float().mean()), 2))  # noqa: E731
            handles.append(block.first.register_forward_hook(note))
        fill_windows(self.average, pixels, hole)
        for handle in handles:
            handle.remove()
        return shares

    def train(
        self, size: int, batch: int, seconds: float, rate: tuple[float, float], *, warm_steps: int = 100,
        perceptual_share: float = 0.25, perceptual_weight: float = 0.5, validate_every: float = 180,
        teacher: nn.Module | None = None, teacher_share: float = 0.5, seed: int = 7,
    ) -> None:  # fmt: skip
        """Trains for `seconds` of wall clock; the rate falls from rate[0] to rate[1] as a half cosine.

        With a `teacher` the wanted picture in the hole is, by `teacher_share`, the teacher's (asked twice) instead of
        the photo's: of the many things that could be there the teacher shows the mean, the photo only one.
        """
        if perceptual_share and self.perceptual is None:
            self.perceptual = PerceptualLoss().to(self.device)
        self.windows.random.manual_seed(seed + self.step)

        def loss_of(pixels: torch.Tensor, hole: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            truth = (pixels - 128) / 128
            fill = fill_windows(self.network, pixels, hole)
            wanted = truth
            if teacher is not None:
                with torch.no_grad():
                    wanted = truth.lerp(fill_twice(teacher, pixels, hole), teacher_share)
            parts = pixel_losses(fill, wanted, hole)
            loss = parts[0] + parts[1] + 0.5 * parts[2]
            perceptual = loss.new_zeros(())
            if perceptual_share:
                n = max(1, round(batch * perceptual_share))
                composite = truth[:n].lerp(fill[:n], hole[:n])
                with mixed_precision(self.device.type):
                    perceptual = self.perceptual(composite, truth[:n].lerp(wanted[:n], hole[:n]))
                loss = loss + perceptual_weight * perceptual
            return loss, torch.stack([*parts, perceptual]).detach()

        step = TrainingStep(self.network, self.average, [self.muon, self.adam], self.masks, loss_of, batch, size, self.device)
        start = last = said = time.time()
        first, first_images, count = self.step, self.images, 0
        while (done := (time.time() - start) / max(seconds, 1e-9)) < 1:
            lr = rate[1] + (rate[0] - rate[1]) * (0.5 + 0.5 * math.cos(math.pi * done))
            lr *= min(1, (self.step - first + 1) / warm_steps)
            step(*self.windows.batch(batch, size), lr, max(0.002, 9 / (self.step + 11)))
            self.step += 1
            self.images += batch
            count += 1
            if self.step % 50 == 0:
                _settle(self.network)
            if self.step % 25 == 0:
                if self.device.type == "cuda":
                    torch.cuda.synchronize()  # or the clock would run ahead of the work
                if time.time() - said > 5:
                    mean = (step.sums / count).tolist()
                    speed = (self.images - first_images) / (time.time() - start)
                    gradient = [round(float(f), 3) for f in (step.norms.nanmedian(), step.norms.nan_to_num(0).max())]
                    self.log(loss=[round(part, 4) for part in mean], lr=round(lr, 6), gradient=gradient, speed=round(speed, 1))
                    step.sums.zero_()
                    count, said = 0, time.time()
            if time.time() - last > validate_every:
                self.apply_masks(self.average)
                _settle(self.average)
                self.log(**self.validate(size))
                self.save()
                last = time.time()
        self.apply_masks(self.average)
        _settle(self.average)
        self.log(**self.validate(size))
        self.save()

    def curvature(self, size: int, batch: int, windows: int) -> dict[str, Curvature]:
        """How the loss bends with the averaged network's weights, on `windows` training windows."""
        self.perceptual = self.perceptual or PerceptualLoss().to(self.device)
        network = copy.deepcopy(self.average).requires_grad_(True)

        def projections():
            for _ in range(0, windows, batch):
                pixels, hole = self.windows.batch(batch, size)
                fill = fill_windows(network, pixels, hole, autocast=False)
                yield random_projection(fill, (pixels - 128) / 128, hole, self.perceptual)

        return measure_curvature(network, projections())

    @torch.no_grad()
    def apply_masks(self, network) -> None:
        if self.masks:
            parameters = [network.get_parameter(name) for name in self.masks]
            torch._foreach_mul_(parameters, [mask.to(self.device) for mask in self.masks.values()])
