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
    network = InpaintingNetwork(levels=1 + sum(name in nodes for name in ("down_middle", "down_coarse")))
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


def network_like(path: Path) -> InpaintingNetwork:
    """A new network of the shape that a checkpoint or a network file has."""
    if path.suffix == ".safetensors":
        return InpaintingNetwork(**load_file(path)[0].config)
    return InpaintingNetwork(**torch.load(path, map_location="cpu")["config"])


@torch.no_grad()
def with_levels(network: InpaintingNetwork, levels: int) -> InpaintingNetwork:
    """The network with more levels, which are new and add nothing yet: its answer stays what it was."""
    if levels == network.levels:
        return network
    more = InpaintingNetwork(**(network.config | dict(levels=levels)))
    added = more.up_middle if network.levels == 2 else more.up_fine
    added.weight.zero_()
    added.bias.zero_()
    more.load_state_dict(more.state_dict() | network.state_dict())
    return more


@torch.no_grad()
def revive(network: InpaintingNetwork, packed: torch.Tensor, masks: dict[str, torch.Tensor]) -> int:
    """Starts channels inside residual branches anew that never open on `packed`; returns how many.

    Their first weights become random and their second ones zero: the network's answer stays what it was, but there
    is a gradient again. A branch most of whose channels start anew loses its masks, to be pruned by what it learns.
    """
    blocks = {name: m for name, m in network.named_modules() if isinstance(m, (Residual, Context))}
    opened: dict[str, torch.Tensor] = {}
    handles = [
        block.first.register_forward_hook(lambda _, __, y, k=name: opened.__setitem__(k, (y > 0).sum((0, 2, 3)) > 0))
        for name, block in blocks.items()
    ]
    network(packed)
    for handle in handles:
        handle.remove()
    for name, block in blocks.items():
        closed = ~opened[name]
        fresh = torch.empty_like(block.first.weight)
        torch.nn.init.kaiming_normal_(fresh, nonlinearity="relu")
        block.first.weight[closed] = fresh[closed]
        block.first.bias[closed] = 0
        block.second.weight[:, closed] = 0
        if closed.float().mean() > 0.5:
            for layer in ("first", "second"):
                masks.pop(f"{name}.{layer}.weight", None)
    return sum(int((~o).sum()) for o in opened.values())
