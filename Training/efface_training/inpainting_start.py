"""Goes on from a shipped network file: its integers become the weights of a network that trains on."""

from __future__ import annotations

from pathlib import Path

import torch

from .inpainting_network import InpaintingNetwork
from .pruning import block_sums, expand, prunable
from .runtime import NetworkFile


@torch.no_grad()
def load_file(path: Path) -> tuple[InpaintingNetwork, dict[str, torch.Tensor]]:
    """The network of a file, and masks that keep what it lacks pruned."""
    file = NetworkFile.load(path)
    graph = file.graphs["main"]
    nodes = {node["name"]: node for node in graph["nodes"] if node["op"] == "conv"}
    network = InpaintingNetwork(coarse_levels="down_coarse" in nodes)
    for name, module in network.named_modules():
        if not isinstance(module, torch.nn.Conv2d):
            continue
        node = "fill" if name == "out" else name.replace("contexts.", "context.")
        weight, bias = file.real_weights(nodes[node], graph["values"])
        outputs, inputs = module.weight.shape[:2]
        module.weight.copy_(weight[:outputs, :inputs])
        module.bias.copy_(bias[:outputs])
    masks = {name: expand((block_sums(p.square()) > 0).float()) for name, p in prunable(network).items()}
    return network, masks
