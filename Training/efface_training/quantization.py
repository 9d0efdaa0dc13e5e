"""Post-training quantization: unsigned bytes for values (per tensor), signed bytes for weights (per channel)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, activated, computed


@dataclass
class Quantization:
    """Scale and zero point of every byte-valued value: real = (byte - zero_point) * scale.

    `weight_scales` holds those weights' scales (one an output channel, by node name) that training with
    simulated quantization has settled on; other nodes' follow from their weights.
    """

    scales: dict[str, float] = field(default_factory=dict)
    zero_points: dict[str, int] = field(default_factory=dict)
    weight_scales: dict[str, torch.Tensor] = field(default_factory=dict)

    def simulate(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """Rounds a value to what its bytes can hold."""
        return rounded(x, self.scales[name], self.zero_points[name])

    def scales_of(self, node: Node) -> torch.Tensor:
        """The scales of a node's weights, one an output channel."""
        settled = self.weight_scales.get(node.name)
        return weight_scales(node.weight) if settled is None else settled


def rounded(x: torch.Tensor, scale: float | torch.Tensor, zero: int) -> torch.Tensor:
    """Values as unsigned bytes hold them. Gradients pass where nothing was clipped, and tell the scale, where it is a tensor,
    which way it would lose less (learned step sizes, Esser et al. 2020)."""
    y = (x / scale).clamp(-zero, 255 - zero)
    return (y + (y.round() - y).detach()) * scale


def rounded_weight(weight: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """A weight as signed bytes hold it, with one scale an output channel; gradients pass."""
    scales = scales.view(-1, 1, 1, 1)
    return weight + (to_bytes(weight.detach() / scales) * scales - weight).detach()


# The most that two neighbouring weights of one sign may sum to: 128 · 255 is the last product that 16 bits hold.
PAIR_LIMIT = 128


def _pairs(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Views of every other input channel and of its neighbour; a depthwise kernel has none."""
    even = weight.shape[1] // 2 * 2
    return weight[:, 0:even:2], weight[:, 1:even:2]


def to_bytes(weight: torch.Tensor) -> torch.Tensor:
    """Rounds a weight over its scale (O x I x K x K) to signed bytes that every kernel computes at full speed.

    The widest multiplication of processors without VNNI or dot products (`vpmaddubsw` of AVX2) sums two products of
    bytes in 16 bits. Where no two neighbours can pass that, whatever the activations are, it is exact; of two that
    could, each gives up half of the excess. Depthwise kernels go another way: their few weights need every bit.
    """
    whole = weight.round().clamp(-127, 127)
    a, b = _pairs(whole)
    excess = torch.where(a * b > 0, (a + b).abs() - PAIR_LIMIT, torch.zeros_like(a)).clamp_min(0)
    sign = a.sign()
    a.sub_(sign * (excess / 2).ceil())
    b.sub_(sign * (excess / 2).floor())
    return whole


def weight_scales(weight: torch.Tensor) -> torch.Tensor:
    """One scale an output channel: of those from 70 % to all of what clips nothing, that with the least squared error."""
    weight = weight.detach()
    widest = weight.abs().flatten(1).amax(1).clamp_min(1e-12) / 127
    a, b = _pairs(weight)
    if a.shape[1]:
        both = torch.where(a * b > 0, (a + b).abs(), torch.zeros_like(a)).flatten(1)
        widest = torch.maximum(widest, both.amax(1) / PAIR_LIMIT)
    best, scales = torch.full_like(widest, float("inf")), widest
    for fraction in np.linspace(0.7, 1.0, 16):
        scale = (widest * float(fraction)).view(-1, 1, 1, 1)
        error = (to_bytes(weight / scale) * scale - weight).square().flatten(1).sum(1)
        scales = torch.where(error < best, scale.flatten(), scales)
        best = torch.minimum(error, best)
    return scales


def _range(samples: np.ndarray) -> tuple[float, int]:
    """Scale and zero point with the least squared error over the samples, by trying clip ranges."""
    if not samples.any():  # behind a ReLU that never opens: any scale will do
        return 1.0, 0
    low, high = min(0.0, float(samples.min())), max(1e-6, float(samples.max()))
    best = (np.inf, 1.0, 0)
    for fraction in np.geomspace(0.25, 1.0, 24):
        scale = (high - low) * fraction / 255
        # A clipped range keeps zero exact and shares the loss between both ends.
        zero = int(np.clip(round(-low * fraction / scale), 0, 255))
        bytes_ = np.clip(np.rint(samples / scale) + zero, 0, 255)
        error = float(np.square((bytes_ - zero) * scale - samples).mean())
        if error < best[0]:
            best = (error, scale, zero)
    return best[1], best[2]


@torch.no_grad()
def calibrate(
    graphs: list[Graph], batches: Iterable[list[dict[str, torch.Tensor]]], per_batch: int = 20_000, seed: int = 0
) -> Quantization:
    """Watches float runs. A batch has one dictionary of inputs (real values) a graph; values that come
    from an earlier graph are filled in from its run unless the dictionary gives them."""
    modules, samples = [GraphModule(g).eval() for g in graphs], {}
    generator = torch.Generator().manual_seed(seed)

    def observe(name: str, x: torch.Tensor) -> torch.Tensor:
        flat = x.flatten()
        pick = torch.randint(len(flat), (min(per_batch, len(flat)),), generator=generator)
        # The extremes are kept as well, so that the search sees the whole range.
        samples.setdefault(name, []).append(torch.cat([flat[pick], flat.min()[None], flat.max()[None]]).float().numpy())
        return x

    for batch in batches:
        known: dict[str, torch.Tensor] = {}
        for module, inputs in zip(modules, batch):
            needed = {e["value"]: known[e["value"]] for e in module.graph.inputs if e["value"] in known}
            known |= module({**needed, **inputs}, observe=observe)

    result = Quantization()
    for graph in graphs:
        for entry in graph.inputs:
            if "from" not in entry:
                result.scales[entry["value"]], result.zero_points[entry["value"]] = entry["scale"], entry["zero_point"]
        for node in graph.nodes:
            if node.op in ("mean", "upsample2"):  # these copy their input's bytes
                result.scales[node.output] = result.scales[node.inputs[0]]
                result.zero_points[node.output] = result.zero_points[node.inputs[0]]
            elif not node.float_output:
                scale, zero = _range(np.concatenate(samples[node.output]))
                if node.activation:
                    zero = 0
                result.scales[node.output], result.zero_points[node.output] = float(np.float32(scale)), zero
    return result


@torch.no_grad()
def correct_biases(
    graphs: list[Graph], references: list[Graph], q: Quantization, batches: Iterable[list[dict[str, torch.Tensor]]]
) -> None:
    """Moves every bias so that in the mean each channel of the rounded graphs says what it says in the `references`, which may
    have blocks that the graphs lack: layer by layer, so that the next one sees what is corrected (Nagel et al. 2019, section
    4.2). A batch has one dictionary of inputs a graph, as for `calibrate`."""
    inputs = list(batches)
    mine, theirs = [{} for _ in inputs], [{} for _ in inputs]
    for index, (graph, reference) in enumerate(zip(graphs, references)):
        outside = {e["value"] for later in graphs[index + 1 :] for e in later.inputs}
        last = {name: step for step, node in enumerate(graph.nodes) for name in node.inputs}
        for batch, a, b in zip(inputs, mine, theirs):
            a.update(batch[index])
            b.update(batch[index])
            for entry in graph.inputs:
                if entry.get("unshuffle", 1) > 1:
                    a[entry["value"]] = b[entry["value"]] = F.pixel_unshuffle(a[entry["value"]], entry["unshuffle"])
        for step, (node, other) in enumerate(zip(graph.nodes, reference.nodes)):
            assert node.name == other.name
            weight = None
            if node.weight is not None:
                weight = rounded_weight(node.weight, q.scales_of(node))
            said = [computed(node, weight, node.bias, values) for values in mine]
            wanted = [computed(other, other.weight, other.bias, values) for values in theirs]
            if weight is not None:
                places = sum(y.shape[0] * y.shape[2] * y.shape[3] for y in said)
                shift = sum((w - y).double().sum((0, 2, 3)) for w, y in zip(wanted, said)) / places
                node.bias = node.bias + shift.float()
                said = [y + shift.float().view(1, -1, 1, 1) for y in said]
            for a, b, y, w in zip(mine, theirs, said, wanted):
                y = activated(node, y)
                a[node.output] = y if node.float_output else q.simulate(node.output, y)
                b[node.output] = activated(other, w)
                for name in node.inputs:
                    if last[name] == step and name not in outside:
                        del a[name], b[name]
