"""Goes on from a shipped network file: its integers become the weights of a network that trains on."""

from __future__ import annotations

from pathlib import Path

import torch

from .inpainting_network import Context, InpaintingNetwork, Residual
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


@torch.no_grad()
def revive(network: InpaintingNetwork) -> None:
    """Starts residual branches that compute nothing anew: random first weights, a second convolution of zeros.

    The network's answer stays what it was. Without this both convolutions of an emptied branch have a gradient of
    zero, and it can never grow again.
    """
    for module in network.modules():
        if not isinstance(module, (Residual, Context)):
            continue
        if module.first.weight.count_nonzero() and module.second.weight.count_nonzero():
            continue
        torch.nn.init.kaiming_normal_(module.first.weight, nonlinearity="relu")
        for zeroed in (module.first.bias, module.second.weight, module.second.bias):
            torch.nn.init.zeros_(zeroed)
