"""Takes more blocks out of a trained segmentation network without training it again."""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, surrounded
from .pruning import COLUMNS, ROWS, Curvature, block_sums, expand, keep_only, removal_order, rising
from .segmentation_data import CLASSES, COMMON_WEIGHTS, RARE_WEIGHT
from .segmentation_export import FEATURES
from .segmentation_network import WHOLE_BLOCKS
from .segmentation_training import PROMPTS

STORED = ROWS * COLUMNS + 2  # bytes of a block in a file, with its column
PLACES = 1500  # of a picture, as many as are looked at


def _layers(graphs: list[Graph]) -> dict[str, Node]:
    """Convolutions from 32 channels or more to 32 or more, the early encoder's left out."""
    found = {}
    for node in (n for g in graphs for n in g.nodes if n.op == "conv"):
        encoder = re.fullmatch(r"(?:expand|project)(\d+)", node.name)
        early = encoder and int(encoder[1]) < WHOLE_BLOCKS
        outputs, inputs = node.weight.shape[:2]
        if not early and min(outputs, inputs) >= 32 and outputs % ROWS == 0 and inputs % COLUMNS == 0:
            found[node.name] = node
    return found


def _doubt(semantic: torch.Tensor, instance: torch.Tensor, mask: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """A random function of the answers whose squared gradient is on average the curvature of the training loss: of what is told
    by probabilities, the logarithm of one drawn from them (the Fisher information), each class as much as training counts it."""
    chosen = torch.multinomial(semantic.detach().softmax(1)[0].flatten(1).T, 1, generator=draw)
    counts = torch.tensor([COMMON_WEIGHTS.get(name, RARE_WEIGHT) for name in CLASSES]).sqrt()
    said = F.log_softmax(semantic, 1)[0].flatten(1).T.gather(1, chosen) * counts[chosen]
    heat, places = instance[:, :1], said.numel()
    told = heat * torch.randn(heat.shape, generator=draw) * (80 * (1 + 8 * heat.detach().clamp(0, 1))).sqrt()
    share = mask.detach().sigmoid()
    answered = F.binary_cross_entropy_with_logits(mask, torch.bernoulli(share, generator=draw), reduction="sum")
    # Masks count by where they are in doubt, several a picture (`mask_loss`).
    doubtful = (2 * share * (1 - share)).clamp(min=0.1).sum()
    return (said.sum() + told.sum()) / places**0.5 + answered * (PROMPTS / doubtful) ** 0.5


def _measured(graphs: list[Graph], nodes: dict[str, Node], pictures, prompts) -> dict[str, Curvature]:
    main, prompt = (GraphModule(g).eval().requires_grad_(False) for g in graphs)
    draw = torch.Generator().manual_seed(1)
    activations = {n.output: n.activation for g in graphs for n in g.nodes}
    inputs, outputs, gradients = {}, {}, {}

    def watch(name: str, y: torch.Tensor) -> torch.Tensor:
        if name in nodes:
            top = {"relu": torch.inf, "relu6": 6.0}.get(activations[name])
            y.register_hook(lambda g: gradients.__setitem__(name, g if top is None else g * ((y > 0) & (y < top))))
        return y

    for picture in pictures:
        image = ((torch.from_numpy(picture).permute(2, 0, 1)[None].float() - 127) / 128).requires_grad_()
        values = main({"image": image}, watch)
        asked = torch.from_numpy(prompts({name: value.detach() for name, value in values.items()}))
        given = {name: values[name] for name in FEATURES}
        given["prompt"] = ((asked.permute(2, 0, 1)[None].float() - 128) / 128).requires_grad_()
        values = dict(values) | dict(prompt(given, watch))
        _doubt(values["semantic"], values["instance"], values["prompt_last"], draw).backward()
        for name, node in nodes.items():
            kernel, squared = node.weight.shape[2], gradients[name][0].flatten(1).square()
            x = surrounded(values[node.inputs[0]].detach(), kernel, node.stride, node.dilation, node.pad, 0.0)
            x = F.unfold(x, kernel, node.dilation, 0, node.stride)[0]
            some = torch.randperm(x.shape[1], generator=draw)[:PLACES]
            root = squared[:, some].mean(0).sqrt() * (x.shape[1] / len(some)) ** 0.5
            x = torch.cat([x[:, some] * root, root[None]]).double()
            inputs[name] = inputs.get(name, 0) + x @ x.T / len(pictures)
            outputs[name] = outputs.get(name, 0) + squared.sum(1).double()
    return {name: Curvature(inputs[name], outputs[name] / outputs[name].mean().clamp_min(1e-30), 1) for name in nodes}


@torch.no_grad()
def remove_cheapest(graphs: list[Graph], pictures: list[np.ndarray], prompts, spared: int) -> None:
    """Empties blocks of 16 x 4 until the file is `spared` bytes smaller: those whose absence costs least of what training
    counts, once their layer's other weights make up for it (see `pruning`)."""
    nodes = _layers(graphs)
    with torch.enable_grad():
        curvatures = _measured(graphs, nodes, pictures, prompts)
    candidates = []
    for name, node in nodes.items():
        for row in range(len(node.weight) // ROWS):
            order, costs = removal_order(curvatures[name], node.weight, node.bias, row)
            candidates += [(cost, name, row, b) for b, cost in zip(order, rising(costs))]
    masks = {name: (block_sums(node.weight.square()) > 0).float() for name, node in nodes.items()}
    for _, name, row, block in sorted(candidates, key=lambda c: c[0])[: -(-spared // STORED)]:
        masks[name][row].view(-1)[block] = 0
    for name, mask in masks.items():
        keep_only(nodes[name].weight, nodes[name].bias, curvatures[name], expand(mask))
