"""Trains the segmentation network; resumable. The learning rate follows the clock, so that a run ends in time."""

from __future__ import annotations

import copy
import json
import queue
import threading
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
from .segmentation_network import FROZEN_BLOCKS, Convolution, SegmentationNetwork, load_backbone, normalized
from .segmentation_saliency import add_salient_objects
from .segmentation_sampling import CROP, Cutouts, Samples, clicks_map, example, prior_map
from .segmentation_start import load_file

BLOCK_OUT, BLOCK_IN = 16, 4


def batches(samples: Samples, cutouts: Cutouts, batch: int, seed: int, stop: threading.Event):
    out, rng = queue.Queue(3), np.random.RandomState(seed)
    cv2.setNumThreads(0)

    def work():
        while not stop.is_set():
            items = [example(samples, cutouts, rng) for _ in range(batch)]
            joined = {k: np.stack([i[k] for i in items]) for k in items[0] if k != "prompts"}
            joined["prompts"] = [(n, p) for n, item in enumerate(items) for p in item["prompts"]]
            while not stop.is_set():
                try:
                    out.put(joined, timeout=1)
                    break
                except queue.Full:
                    pass

    threading.Thread(target=work, daemon=True).start()
    return out


def set_loss(logits: torch.Tensor, sets: torch.Tensor) -> torch.Tensor:
    """Mean of −log P(set) over pixels whose set says something; rarer classes count more."""
    classes = torch.arange(len(CLASSES))
    member = (sets[:, None] >> classes[None, :, None, None]) & 1
    log = F.log_softmax(logits.float(), 1)
    loss = -torch.logsumexp(log.masked_fill(member == 0, -30.0), 1).clamp(max=12)
    weight = torch.tensor([COMMON_WEIGHTS.get(name, RARE_WEIGHT) for name in CLASSES])
    known = sets != EVERYTHING
    at = (member * weight[None, :, None, None]).amax(1) * known
    at = torch.where((sets & 1) == 1, known.float(), at)
    return (loss * at).sum() / at.sum().clamp(min=1)


def prompt_batch(asked, instance, semantic) -> torch.Tensor:
    maps = []
    for n, p in asked:
        prior = prior_map(p.positive, p.box, instance[n], semantic[n])
        cells = prior.shape[0]
        maps.append(np.concatenate([clicks_map(p.positive, p.negative, p.box, cells),
                                    (128 + np.round(127 * prior)).astype(np.uint8)[None]]))  # fmt: skip
    bytes_ = torch.from_numpy(np.stack(maps))
    return ((bytes_.float() - 128) / 128).contiguous(memory_format=torch.channels_last)


def mask_loss(logit, mask, valid):
    logit, valid = logit[:, 0].float(), valid.float()
    cross = F.binary_cross_entropy_with_logits(logit, mask, reduction="none")
    probability = torch.sigmoid(logit)
    focus = (probability.detach() - mask).abs().clamp(min=0.1)
    cross = (cross * focus * valid).sum() / (focus * valid).sum().clamp(min=1)
    both = (probability * mask * valid).sum((1, 2))
    dice = 1 - (2 * both + 1) / (((probability + mask) * valid).sum((1, 2)) + 1)
    return cross + dice.mean()


def prunable(network) -> dict[str, Convolution]:
    """Convolutions with room for empty blocks: the wide 1x1 of the late encoder and the decoder's 3x3."""
    out = {}
    for name, module in network.named_modules():
        if not isinstance(module, Convolution) or module.depthwise or module.outputs < 32 or module.inputs < 32:
            continue
        if name.startswith("blocks.") and int(name.split(".")[1]) < 6:
            continue
        out[name] = module
    return out


def block_masks(network, encoder: float, decoder: float) -> dict[str, torch.Tensor]:
    """Masks that empty these shares of the weakest 16x4 blocks of the encoder and of the decoders.

    Blocks compete by their norm over their layer's mean. The encoder's statistics are fixed and cannot
    follow what is taken away, so that it bears much less.
    """
    norms, shapes = {}, {}
    for name, module in prunable(network).items():
        weight = module.folded()[0].detach()
        o, i, k, _ = weight.shape
        padded = F.pad(weight, (0, 0, 0, 0, 0, -i % BLOCK_IN, 0, -o % BLOCK_OUT))
        grid = padded.reshape(padded.shape[0] // BLOCK_OUT, BLOCK_OUT, padded.shape[1] // BLOCK_IN, BLOCK_IN, k, k)
        norm = grid.pow(2).sum((1, 3)).sqrt()
        norms[name] = norm / norm.pow(2).mean().sqrt()
        shapes[name] = weight.shape
    masks = {}
    for in_encoder, sparsity in ((True, encoder), (False, decoder)):
        chosen = {n: v for n, v in norms.items() if n.startswith("blocks.") == in_encoder}
        threshold = torch.quantile(torch.cat([n.flatten() for n in chosen.values()]), sparsity)
        for name, norm in chosen.items():
            o, i = shapes[name][:2]
            keep = (norm > threshold).float()
            masks[name] = keep.repeat_interleave(BLOCK_OUT, 0).repeat_interleave(BLOCK_IN, 1)[:o, :i]
    return masks


def apply_masks(network, masks) -> None:
    modules = dict(network.named_modules())
    for name, mask in masks.items():
        modules[name].weight.data.mul_(mask)


def train(data: Path, teacher: Path, runs: Path, minutes: float, *, batch: int = 16, rate: float = 1.5e-3,
          encoder_sparsity: float = 0.1, decoder_sparsity: float = 0.35, seed: int = 1,
          start: Path | None = None, salient: Path | None = None, threads: int = 1) -> None:  # fmt: skip
    """`start`: a shipped network file to go on from where the run has no checkpoint yet. `salient`: the ONNX file of
    U2-Netp, for things to click on in the unlabelled photos."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    cache = runs / "cache"
    if not (cache / "index.json").exists():
        build_cache(data, teacher, cache)
    if salient:
        add_salient_objects(cache, salient)
    network = SegmentationNetwork(len(CLASSES)).to(memory_format=torch.channels_last)
    load_backbone(network)
    samples, cutouts = Samples(cache), Cutouts(data / "cutouts")
    path = runs / "checkpoint.pt"
    if start and not path.exists():
        draw = np.random.RandomState(seed)
        shown = np.stack([example(samples, cutouts, draw)["pixels"] for _ in range(32)])
        prompt = torch.zeros(32, 4, CROP // 4, CROP // 4)
        prompt[:, 0, 28:31, 28:31] = 1
        load_file(network, start, normalized(torch.from_numpy(shown).permute(0, 3, 1, 2)), prompt, class_lean())
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
    state = {"step": 0, "images": 0, "seconds": 0.0}
    masks = {}
    if path.exists():
        saved = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        adam.load_state_dict(saved["adam"])
        muon.load_state_dict(saved["muon"])
        state, masks = saved["state"], saved["masks"]
    stop = threading.Event()
    source = batches(samples, cutouts, batch, seed + state["step"], stop)
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
        data_ = source.get()
        x = normalized(torch.from_numpy(data_["pixels"]).permute(0, 3, 1, 2))
        with mixed_precision("cpu"):
            semantic, instance, features = network(x)
        semantic, instance = semantic.float(), instance.float()
        losses = {"semantic": set_loss(semantic, torch.from_numpy(data_["sets"]))}
        weight = torch.from_numpy(data_["heat_weight"])
        heat = torch.from_numpy(data_["heat"])
        # Middles are rare: a missed one counts nine times a false one.
        wrong = (instance[:, 0] - heat) ** 2 * (1 + 8 * heat) * weight
        losses["centre"] = 40 * wrong.sum() / weight.sum().clamp(min=1)
        weight = torch.from_numpy(data_["offset_weight"])
        error = (instance[:, 1:] - torch.from_numpy(data_["offset"])).abs().sum(1)
        losses["offset"] = 0.7 * (error * weight).sum() / weight.sum().clamp(min=1)
        asked = data_["prompts"][: 2 * batch]
        if len(asked) >= 2:
            where = torch.tensor([n for n, _ in asked])
            shown_instance = instance.detach().numpy()
            shown_semantic = torch.softmax(semantic.detach(), 1).numpy()
            with mixed_precision("cpu"):
                kept = [f[where] for f in features]
                rounds = rng.choice(3, p=[0.55, 0.25, 0.2])
                for _ in range(rounds):
                    with torch.no_grad():
                        guess = network.prompt(prompt_batch(asked, shown_instance, shown_semantic), kept)
                    for (_, p), g in zip(asked, guess[:, 0].float().numpy()):
                        p.correct(rng, g > 0)
                logit = network.prompt(prompt_batch(asked, shown_instance, shown_semantic), kept)
            mask = torch.from_numpy(np.stack([p.mask for _, p in asked]))
            valid = torch.from_numpy(np.stack([p.valid for _, p in asked]))
            losses["mask"] = mask_loss(logit, mask, valid)
        loss = sum(losses.values())
        for optimizer in (adam, muon):
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*encoder, *kernels, *others], 5.0)
        for optimizer in (adam, muon):
            optimizer.step()
        if 0.3 < share < 0.55 and state["step"] % 50 == 0:
            progress = 1 - (1 - min(1.0, (share - 0.3) / 0.2)) ** 3
            masks = block_masks(network, encoder_sparsity * progress, decoder_sparsity * progress)
        if masks:
            apply_masks(network, masks)
        state["step"] += 1
        state["images"] += batch
        decay = min(0.998, (1 + state["step"]) / (20 + state["step"]))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), network.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.lerp_(b, 1 - decay)
                else:
                    a.copy_(b)
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        counted += 1
        if state["step"] % 50 == 0:
            now = time.time()
            line = {"step": state["step"], "images": state["images"], "minutes": round(state["seconds"] / 60, 1),
                    "images_per_second": round(counted * batch / (now - last_logged), 1),
                    "sparsity": round(float(1 - torch.cat([m.flatten() for m in masks.values()]).mean()), 3) if masks else 0,
                    **{k: round(v / counted, 4) for k, v in sums.items()}}  # fmt: skip
            print(json.dumps(line), flush=True)
            with open(runs / "log.jsonl", "a") as log:
                log.write(json.dumps(line) + "\n")
            sums, counted, last_logged = {}, 0, now
        if time.time() - last_saved > 180:
            save(path, network, average, adam, muon, state, masks)
            last_saved = time.time()
    stop.set()
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
