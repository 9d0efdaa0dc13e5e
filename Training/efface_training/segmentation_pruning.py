"""Takes more blocks out of a trained segmentation network without training it again."""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, surrounded
from .pruning import COLUMNS, ROWS, Curvature, block_sums, expand, keep_only, removal_order, rising
from .segmentation_export import FEATURES
from .segmentation_network import WHOLE_BLOCKS

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


@torch.no_grad()
def _measured(graphs: list[Graph], nodes: dict[str, Node], pictures, prompts):
    """Of every layer: the second moments of what it reads (and of 1), and the variance of what it says, over its outputs."""
    main, prompt = (GraphModule(g).eval() for g in graphs)
    draw = torch.Generator().manual_seed(1)
    moments, means, squares, counts = ({name: 0 for name in nodes} for _ in range(4))
    for picture in pictures:
        values = main({"image": (torch.from_numpy(picture).permute(2, 0, 1)[None].float() - 127) / 128})
        asked = (torch.from_numpy(prompts(values)).permute(2, 0, 1)[None].float() - 128) / 128
        values = dict(values) | dict(prompt({**{name: values[name] for name in FEATURES}, "prompt": asked}))
        for name, node in nodes.items():
            kernel = node.weight.shape[2]
            x = surrounded(values[node.inputs[0]], kernel, node.stride, node.dilation, node.pad, 0.0)
            x = F.unfold(x, kernel, node.dilation, 0, node.stride)[0]
            x = x[:, torch.randperm(x.shape[1], generator=draw)[:PLACES]]
            x = torch.cat([x, torch.ones(1, x.shape[1])]).double()
            y = torch.cat([node.weight.flatten(1), node.bias[:, None]], 1).double() @ x
            moments[name] = moments[name] + x @ x.T
            means[name], squares[name] = means[name] + y.sum(1), squares[name] + y.square().sum(1)
            counts[name] += x.shape[1]
    variance = {n: float((squares[n] / counts[n] - (means[n] / counts[n]).square()).clamp_min(0).sum()) for n in nodes}
    return {n: moments[n] / counts[n] for n in nodes}, variance


@torch.no_grad()
def remove_cheapest(graphs: list[Graph], pictures: list[np.ndarray], prompts, spared: int) -> None:
    """Empties blocks of 16 x 4 until the file is `spared` bytes smaller: those whose absence changes least what their layer
    says, as a share of its variance, once the layer's other weights make up for it by least squares (Optimal Brain Surgeon,
    Hassibi and Stork 1992, by blocks and layers)."""
    nodes = _layers(graphs)
    moments, variance = _measured(graphs, nodes, pictures, prompts)
    # Every output counts alike, and every place.
    curvatures = {n: Curvature(moments[n], torch.ones(len(nodes[n].weight), dtype=torch.float64), 1) for n in nodes}
    candidates = []
    for name, node in nodes.items():
        for row in range(len(node.weight) // ROWS):
            order, costs = removal_order(curvatures[name], node.weight, node.bias, row)
            candidates += [(cost / variance[name], name, row, b) for b, cost in zip(order, rising(costs))]
    masks = {name: (block_sums(node.weight.square()) > 0).float() for name, node in nodes.items()}
    for _, name, row, block in sorted(candidates, key=lambda c: c[0])[: -(-spared // STORED)]:
        masks[name][row].view(-1)[block] = 0
    for name, mask in masks.items():
        keep_only(nodes[name].weight, nodes[name].bias, curvatures[name], expand(mask))
