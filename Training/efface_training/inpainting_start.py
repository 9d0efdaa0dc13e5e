"""Goes on from a shipped network file: its integers become the weights of a network that trains on."""

from __future__ import annotations

from pathlib import Path

import torch

from .inpainting_network import Branch, InpaintingNetwork
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
def _outputs(network: InpaintingNetwork, packed: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the first convolution of every branch gives, by the branch's name."""
    found: dict[str, torch.Tensor] = {}
    handles = [
        branch.first.register_forward_hook(lambda _, __, y, k=name: found.__setitem__(k, y))
        for name, branch in network.named_modules()
        if isinstance(branch, Branch)
    ]
    network.eval()(packed)
    for handle in handles:
        handle.remove()
    return found


@torch.no_grad()
def begin_norms(network: InpaintingNetwork, packed: torch.Tensor) -> None:
    """Sets normalizations that a file does not have so that they change nothing on windows like `packed`."""
    for name, y in _outputs(network, packed).items():
        norm = network.get_submodule(name).norm
        if norm is not None:
            mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(mean)


@torch.no_grad()
def revive(network: InpaintingNetwork, packed: torch.Tensor, masks: dict[str, torch.Tensor]) -> int:
    """Starts channels inside branches anew that never open on `packed`; returns how many.

    Their first weights become random and their second ones zero: the network's answer stays what it was, but there
    is a gradient again. A branch most of whose channels start anew loses its masks, to be pruned by what it learns.
    """
    closed = {name: ((y > 0).sum((0, 2, 3)) == 0) for name, y in _outputs(network, packed).items()}
    for name, these in closed.items():
        branch = network.get_submodule(name)
        fresh = torch.empty_like(branch.first.weight)
        torch.nn.init.kaiming_normal_(fresh, nonlinearity="relu")
        branch.first.weight[these] = fresh[these]
        branch.first.bias[these] = 0
        branch.second.weight[:, these] = 0
        if these.float().mean() > 0.5:
            for layer in ("first", "second"):
                masks.pop(f"{name}.{layer}.weight", None)
    begin_norms(network, packed)
    for name, these in closed.items():
        norm = network.get_submodule(name).norm
        if norm is not None:
            norm.weight[these], norm.bias[these] = 1, 0
    return sum(int(these.sum()) for these in closed.values())
