"""Trains the segmentation network; resumable. The learning rate follows the clock, so that a run ends in time."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from .muon import Muon
from .precision import mixed_precision
from .segmentation_data import CLASSES, COMMON_WEIGHTS, EVERYTHING, RARE_WEIGHT, build_cache
from .segmentation_export import class_lean
from .segmentation_network import FROZEN_BLOCKS, WHOLE_BLOCKS, Convolution, SegmentationNetwork, load_backbone, normalized
from .segmentation_questions import Questions, arrays, shown
from .segmentation_saliency import add_salient_objects
from .segmentation_sampling import CROP, Cutouts, Samples, example
from .segmentation_start import load_file

BLOCK_OUT, BLOCK_IN = 16, 4
PROMPTS = 3  # a crop, in the mean


class Batches(torch.utils.data.IterableDataset):
    """Batches as dictionaries of arrays. Every worker opens the cache and draws for itself."""

    def __init__(self, cache: Path, cutouts: Path, batch: int, seed: int, side: int):
        self.cache, self.cutouts, self.batch, self.seed, self.side = cache, cutouts, batch, seed, side

    def __iter__(self):
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        samples, cutouts = Samples(self.cache, self.side), Cutouts(self.cutouts)
        rng = np.random.RandomState([self.seed, worker.id if worker else 0])
        while True:
            items = [example(samples, cutouts, rng) for _ in range(self.batch)]
            joined = {k: np.stack([i[k] for i in items]) for k in items[0] if k != "prompts"}
            joined["prompts"] = arrays([(n, p) for n, item in enumerate(items) for p in item["prompts"]])
            yield joined


def on_device(data, device: str):
    if isinstance(data, dict):
        return {k: on_device(v, device) for k, v in data.items()}
    return data.to(device, non_blocking=True)


def set_loss(logits: torch.Tensor, sets: torch.Tensor) -> torch.Tensor:
    """Mean of −log P(set) over pixels whose set says something; rarer classes count more."""
    classes = torch.arange(len(CLASSES), device=logits.device)
    member = (sets[:, None] >> classes[None, :, None, None]) & 1
    log = F.log_softmax(logits.float(), 1)
    loss = -torch.logsumexp(log.masked_fill(member == 0, -30.0), 1).clamp(max=12)
    weight = torch.tensor([COMMON_WEIGHTS.get(name, RARE_WEIGHT) for name in CLASSES], device=logits.device)
    known = sets != EVERYTHING
    at = (member * weight[None, :, None, None]).amax(1) * known
    at = torch.where((sets & 1) == 1, known.float(), at)
    return (loss * at).sum() / at.sum().clamp(min=1)


def mask_loss(logit, mask, valid):
    logit, valid = logit[:, 0].float(), valid.float()
    cross = F.binary_cross_entropy_with_logits(logit, mask, reduction="none")
    probability = torch.sigmoid(logit)
    focus = (probability.detach() - mask).abs().clamp(min=0.1)
    cross = (cross * focus * valid).sum() / (focus * valid).sum().clamp(min=1)
    both = (probability * mask * valid).sum((1, 2))
    dice = 1 - (2 * both + 1) / (((probability + mask) * valid).sum((1, 2)) + 1)
    return cross + dice.mean()


def all_losses(network, data, rng, prompts: int) -> dict[str, torch.Tensor]:
    """The losses of classes, instances, and answers to `prompts` prompts after none to two corrections."""
    x = normalized(data["pixels"].permute(0, 3, 1, 2))
    kind = x.device.type
    with mixed_precision(kind):
        semantic, instance, features = network(x)
    semantic, instance = semantic.float(), instance.float()
    losses = {"semantic": set_loss(semantic, data["sets"])}
    weight, heat = data["heat_weight"], data["heat"]
    # Middles are rare: a missed one counts nine times a false one.
    wrong = (instance[:, 0] - heat) ** 2 * (1 + 8 * heat) * weight
    losses["centre"] = 40 * wrong.sum() / weight.sum().clamp(min=1)
    weight = data["offset_weight"]
    error = (instance[:, 1:] - data["offset"]).abs().sum(1)
    losses["offset"] = 0.7 * (error * weight).sum() / weight.sum().clamp(min=1)
    asked = Questions(data["prompts"])
    if len(asked) < 2:
        return losses
    asked = asked.filled(prompts)
    seen_instance = instance.detach()[asked.picture]
    seen_semantic = torch.softmax(semantic.detach(), 1)[asked.picture]
    kept = [f[asked.picture] for f in features]
    for left in range(rng.choice(3, p=[0.55, 0.25, 0.2]), -1, -1):
        prompt = shown(asked.clicks(), asked.prior(seen_instance, seen_semantic))
        with torch.set_grad_enabled(left == 0), mixed_precision(kind):
            logit = network.prompt(prompt, kept)
        if left:
            asked.correct(logit[:, 0] > 0)
    losses["mask"] = mask_loss(logit, asked.mask, asked.valid)
    return losses


def prunable(network) -> dict[str, Convolution]:
    """Convolutions with room for empty blocks: the wide 1x1 of the late encoder and the decoder's 3x3."""
    out = {}
    for name, module in network.named_modules():
        if not isinstance(module, Convolution) or module.depthwise or module.outputs < 32 or module.inputs < 32:
            continue
        if name.startswith("blocks.") and int(name.split(".")[1]) < WHOLE_BLOCKS:
            continue
        out[name] = module
    return out


def block_norms(weight: torch.Tensor) -> torch.Tensor:
    """The norms of a kernel's 16x4 blocks of channels, each tap's its own."""
    o, i, k, _ = weight.shape
    padded = F.pad(weight, (0, 0, 0, 0, 0, -i % BLOCK_IN, 0, -o % BLOCK_OUT))
    grid = padded.reshape(padded.shape[0] // BLOCK_OUT, BLOCK_OUT, padded.shape[1] // BLOCK_IN, BLOCK_IN, k, k)
    return grid.pow(2).sum((1, 3)).sqrt()


def spread(keep: torch.Tensor, module: Convolution) -> torch.Tensor:
    """Which of a module's weights are in blocks that are kept."""
    return keep.float().repeat_interleave(BLOCK_OUT, 0).repeat_interleave(BLOCK_IN, 1)[: module.outputs, : module.inputs]


def block_masks(network, encoder: float, decoder: float) -> dict[str, torch.Tensor]:
    """Masks that empty these shares of the weakest 16x4 blocks of the encoder and of the decoders.

    Blocks compete by their norm over their layer's mean. The encoder's statistics are fixed and cannot
    follow what is taken away, so that it bears much less.
    """
    norms = {name: block_norms(module.folded()[0].detach()) for name, module in prunable(network).items()}
    norms = {name: norm / norm.pow(2).mean().sqrt() for name, norm in norms.items()}
    modules = dict(network.named_modules())
    masks = {}
    for in_encoder, sparsity in ((True, encoder), (False, decoder)):
        chosen = {n: v for n, v in norms.items() if n.startswith("blocks.") == in_encoder}
        threshold = torch.quantile(torch.cat([n.flatten() for n in chosen.values()]), sparsity)
        for name, norm in chosen.items():
            masks[name] = spread(norm > threshold, modules[name])
    return masks


def stored_blocks(network) -> dict[str, torch.Tensor]:
    """Masks that keep empty the blocks that are."""
    return {name: spread(block_norms(module.weight.detach()) > 0, module) for name, module in prunable(network).items()}


def apply_masks(network, masks) -> None:
    modules = dict(network.named_modules())
    for name, mask in masks.items():
        modules[name].weight.data.mul_(mask)


def train(data: Path, teacher: Path, runs: Path, minutes: float, *, batch: int = 16, rate: float = 1.5e-3,
          sparsity: tuple[float, float] = (0.1, 0.35), anew: bool = False, seed: int = 1, start: Path | None = None,
          salient: Path | None = None, threads: int = 1, device: str = "cpu", workers: int = 1, side: int = CROP) -> None:  # fmt: skip
    """`start`: a shipped network file to go on from where the run has no checkpoint yet; what is pruned stays pruned, unless
    it is pruned `anew`, to `sparsity` (of the encoder and of the decoders). `salient`: the ONNX file of U2-Netp, for things to
    click on in the unlabelled photos. `workers`: processes that draw crops of `side` x `side`."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    cache = runs / "cache"
    if not (cache / "index.json").exists():
        build_cache(data, teacher, cache)
    if salient:
        add_salient_objects(cache, salient)
    path, saved, masks = runs / "checkpoint.pt", None, {}
    state = {"step": 0, "images": 0, "seconds": 0.0}
    if path.exists():
        saved = torch.load(path, map_location="cpu", weights_only=True)
        state, masks = saved["state"], saved["masks"]
    drawn = Batches(cache, data / "cutouts", batch, seed + state["step"], side)
    # The workers start before the device is used: they must not inherit it.
    source = iter(torch.utils.data.DataLoader(drawn, batch_size=None, num_workers=workers, pin_memory=device != "cpu"))
    network = SegmentationNetwork(len(CLASSES)).to(memory_format=torch.channels_last)
    load_backbone(network)
    if start and not saved:
        samples, cutouts, draw = Samples(cache), Cutouts(data / "cutouts"), np.random.RandomState(seed)
        pictures = np.stack([example(samples, cutouts, draw)["pixels"] for _ in range(32)])
        prompt = torch.zeros(32, 4, CROP // 4, CROP // 4)
        prompt[:, 0, 28:31, 28:31] = 1
        load_file(network, start, normalized(torch.from_numpy(pictures).permute(0, 3, 1, 2)), prompt, class_lean())
        masks = stored_blocks(network)
    network.to(device)
    for module in [network.stem, *network.blocks[:FROZEN_BLOCKS]]:
        module.requires_grad_(False)
    encoder, kernels, others = [], [], []
    for name, parameter in network.named_parameters():
        if name.endswith("depthwise.weight"):
            parameter.requires_grad_(False)
        if parameter.requires_grad:
            kind = encoder if name.startswith("blocks.") else kernels if parameter.dim() == 4 else others
            kind.append(parameter)
    adam = torch.optim.AdamW([{"params": encoder, "share": 0.2}, {"params": others, "share": 1.0}], lr=rate,
                             weight_decay=0.02, betas=(0.9, 0.98))  # fmt: skip
    muon = Muon([{"params": kernels, "share": 0.8}], rate, weight_decay=0.02)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    if saved:
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        adam.load_state_dict(saved["adam"])
        muon.load_state_dict(saved["muon"])
    if anew and state["seconds"] < 0.3 * 60 * minutes:
        masks = {}
    masks = {name: mask.to(device) for name, mask in masks.items()}
    pairs = zip(average.state_dict().values(), network.state_dict().values())
    means, values = zip(*((a, b) for a, b in pairs if a.is_floating_point()))
    rng = np.random.RandomState(seed + state["step"])
    total = minutes * 60
    begun, before = time.time(), state["seconds"]
    sums, counted, last_saved, last_logged = {}, 0, time.time(), time.time()
    network.train()
    while True:
        state["seconds"] = before + time.time() - begun
        share = min(1.0, state["seconds"] / total)
        if share >= 1:
            break
        warm = min(1.0, (state["step"] + 1) / 150)
        for group in adam.param_groups + muon.param_groups:
            group["lr"] = rate * group["share"] * warm * (1 - share) ** 0.9
        losses = all_losses(network, on_device(next(source), device), rng, PROMPTS * batch)
        loss = sum(losses.values())
        for optimizer in (adam, muon):
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoder, *kernels, *others], 5.0)
        for optimizer in (adam, muon):
            optimizer.step()
        if (anew or not start) and 0.3 < share < 0.55 and state["step"] % 50 == 0:
            progress = 1 - (1 - min(1.0, (share - 0.3) / 0.2)) ** 3
            masks = block_masks(network, *(progress * s for s in sparsity))
        if masks:
            apply_masks(network, masks)
        state["step"] += 1
        state["images"] += batch
        decay = min(0.998, (1 + state["step"]) / (20 + state["step"]))
        with torch.no_grad():
            torch._foreach_lerp_(means, values, 1 - decay)
        for name, value in losses.items():
            sums.setdefault(name, []).append(value.detach())
        counted += 1
        if (now := time.time()) - last_logged > 10:
            line = {"step": state["step"], "images": state["images"], "minutes": round(state["seconds"] / 60, 1),
                    "images_per_second": round(counted * batch / (now - last_logged), 1),
                    "sparsity": round(float(1 - torch.cat([m.flatten() for m in masks.values()]).mean()), 3) if masks else 0,
                    **{k: round(float(torch.stack(v).mean()), 4) for k, v in sums.items()}}  # fmt: skip
            print(json.dumps(line), flush=True)
            with open(runs / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            sums, counted, last_logged = {}, 0, now
        if time.time() - last_saved > 180:
            save(path, network, average, adam, muon, state, masks)
            last_saved = time.time()
    if masks:
        apply_masks(average, masks)
    save(path, network, average, adam, muon, state, masks)


def save(path: Path, network, average, adam, muon, state, masks) -> None:
    partial = path.with_suffix(".partial")
    torch.save({"network": network.state_dict(), "average": average.state_dict(), "adam": adam.state_dict(),
                "muon": muon.state_dict(), "state": state, "masks": masks}, partial)  # fmt: skip
    partial.rename(path)


if __name__ == "__main__":
    import sys

    train(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
