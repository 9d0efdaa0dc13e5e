"""Takes more blocks out of a trained segmentation network without training it again."""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, surrounded
from .pruning import COLUMNS, ROWS, Curvature, block_columns, removal_order, rising
from .segmentation_export import FEATURES

FIRST_BLOCK = 8  # the encoder's earlier blocks stay whole
STORED = ROWS * COLUMNS + 2  # bytes of a block in a file, with its column
PLACES = 1500  # of a picture, as many as are looked at


def _layers(graphs: list[Graph]) -> dict[str, Node]:
    """Convolutions from 32 channels or more to 32 or more, the early encoder's left out."""
    found = {}
    for node in (n for g in graphs for n in g.nodes if n.op == "conv"):
        encoder = re.fullmatch(r"(?:expand|project)(\d+)", node.name)
        early = encoder and int(encoder[1]) < FIRST_BLOCK
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
    candidates = []
    for name, node in nodes.items():
        curvature = Curvature(moments[name], torch.ones(len(node.weight), dtype=torch.float64), 1)
        for row in range(len(node.weight) // ROWS):
            order, costs = removal_order(curvature, node.weight, node.bias, row)
            candidates += [(cost / variance[name], name, row, b) for b, cost in zip(order, rising(costs))]
    gone: dict[tuple[str, int], list[int]] = {}
    for _, name, row, block in sorted(candidates, key=lambda c: c[0])[: -(-spared // STORED)]:
        gone.setdefault((name, row), []).append(block)
    for (name, row), blocks in gone.items():
        node, rows = nodes[name], slice(ROWS * row, ROWS * (row + 1))
        columns = block_columns(node.weight.shape, node.weight.device)
        whole = torch.cat([node.weight[rows].flatten(1), node.bias[rows, None]], 1).double()
        alive = whole[:, columns].abs().sum((0, 2)) > 0
        alive[blocks] = False
        kept = torch.cat([columns[alive].flatten(), torch.tensor([whole.shape[1] - 1])])
        damped = Curvature(moments[name], torch.ones(1), 1).damped()
        new = torch.zeros_like(whole)
        new[:, kept] = torch.linalg.solve(damped[kept][:, kept], (whole @ damped)[:, kept].T).T
        node.weight[rows], node.bias[rows] = new[:, :-1].float().view_as(node.weight[rows]), new[:, -1].float()
