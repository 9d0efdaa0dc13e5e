"""Goes on from a shipped network file: its integers become the weights of a network that trains on."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from .inpainting_network import InpaintingNetwork, Residual
from .pruning import block_sums, expand, prunable
from .runtime import NetworkFile


@torch.no_grad()
def load_file(path: Path) -> tuple[InpaintingNetwork, dict[str, torch.Tensor]]:
    """The network of a file, and masks that keep what it lacks pruned. Raises ValueError for another kind of network."""
    file = NetworkFile.load(path)
    graph = file.graphs["main"]
    nodes = {node["name"]: node for node in graph["nodes"] if node["op"] == "conv"}
    if "down" not in nodes:
        raise ValueError(f"{path} is no inpainting network of this shape; those before 4.0.0 had other layers")
    channels = {name: graph["values"][name]["channels"] for name in ("stem", "down", "up_head")}
    dilations = [node["dilation"] for name, node in nodes.items() if re.fullmatch(r"middle\.\d+\.first", name)]
    network = InpaintingNetwork((channels["stem"], channels["down"]), channels["up_head"], dilations)
    for name, module in network.named_modules():
        if not isinstance(module, torch.nn.Conv2d):
            continue
        weight, bias = file.real_weights(nodes["fill" if name == "out" else name], graph["values"])
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
def grown(network: InpaintingNetwork, config: dict) -> InpaintingNetwork:
    """A network of a wider or deeper shape with the same answer: channels and blocks that it has more are new, and nothing
    old listens to them yet.

    The smaller network's residual blocks at 1/8 go to the first ones with their dilations, in their order.
    Raises ValueError where they do not fit.
    """
    more = InpaintingNetwork(**config)
    blocks, place = {}, -1
    for index, dilation in enumerate(network.config["dilations"]):
        try:
            place = more.config["dilations"].index(dilation, place + 1)
        except ValueError:
            raise ValueError(f"no block of dilation {dilation} is left in {more.config['dilations']}") from None
        blocks[f"middle.{index}."] = f"middle.{place}."
    for index, block in enumerate(more.middle):
        if f"middle.{index}." not in blocks.values():
            block.second.weight.zero_()
    for name, old in network.named_parameters():
        for mine, theirs in blocks.items():
            if name.startswith(mine):
                name = theirs + name.removeprefix(mine)
                break
        new = more.get_parameter(name)
        if any(a > b for a, b in zip(old.shape, new.shape)):
            raise ValueError(f"{name} is {tuple(old.shape)}, more than {tuple(new.shape)}")
        if old.dim() == 4:
            new[: old.shape[0]] = 0
        new[tuple(slice(n) for n in old.shape)] = old
    return more


@torch.no_grad()
def revive(network: InpaintingNetwork, packed: torch.Tensor, masks: dict[str, torch.Tensor]) -> int:
    """Starts channels inside residual branches anew that never open on `packed`; returns how many.

    Their first weights become random and their second ones zero: the network's answer stays what it was, but there
    is a gradient again. A branch most of whose channels start anew loses its masks, to be pruned by what it learns.
    """
    blocks = {name: m for name, m in network.named_modules() if isinstance(m, Residual)}
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
