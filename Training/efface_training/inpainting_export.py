"""From a trained inpainting checkpoint to the product's file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .graph import Graph, GraphModule
from .inpainting_network import InpaintingNetwork, pack_input

INPUT_SIZE = 256  # the product's window; trained on smaller ones, whose holes are as large in pixels


def load_network(checkpoint: Path) -> InpaintingNetwork:
    """The averaged network of a checkpoint, pruned weights at exactly zero, without blocks that were pruned whole."""
    state = torch.load(checkpoint, map_location="cpu")
    network = InpaintingNetwork(**state["config"])
    network.load_state_dict(state["average"])
    for name, mask in state["masks"].items():
        network.get_parameter(name).data.mul_(mask)
    return without_idle_blocks(network).eval().requires_grad_(False)


def trained_parameters(checkpoint: Path) -> int:
    """How many parameters the network had before pruning."""
    config = torch.load(checkpoint, map_location="cpu")["config"]
    return sum(p.numel() for p in InpaintingNetwork(**config).parameters())


@torch.no_grad()
def without_idle_blocks(network: InpaintingNetwork) -> InpaintingNetwork:
    """The network without the blocks at 1/8 of which pruning left only the last bias, which goes into the block before."""
    kept, dilations = [], network.config["dilations"]
    for index, block in enumerate(network.middle):
        if not kept or block.second.weight.any():
            kept.append(index)
        else:
            network.middle[kept[-1]].second.bias.add_(block.second.bias)
    if len(kept) == len(dilations):
        return network
    fewer = InpaintingNetwork(**(network.config | dict(dilations=[dilations[index] for index in kept])))
    fewer.middle = torch.nn.ModuleList(network.middle[index] for index in kept)
    fewer.load_state_dict(fewer.state_dict() | {k: v for k, v in network.state_dict().items() if not k.startswith("middle.")})
    return fewer


def lower(network: InpaintingNetwork) -> Graph:
    """The network as the product runs it."""
    g = Graph("main")

    def residual(name: str, x: str, block) -> str:
        return g.conv(f"{name}.second", g.conv(f"{name}.first", x, block.first), block.second, residual=x, activation=None)

    def chain(name: str, x: str, blocks) -> str:
        for index, block in enumerate(blocks):
            x = residual(f"{name}.{index}", x, block)
        return x

    fine = chain("fine_in", g.conv("stem", g.input("image", 4, 4), network.stem), network.fine_in)
    middle = chain("middle", g.conv("down", fine, network.down), network.middle)
    x = g.add("sum", fine, g.conv("up", middle, network.up, activation=None), "nearest2")
    x = chain("fine_out", x, network.fine_out)
    x = g.upsample2("head", g.conv("up_head", x, network.up_head))
    g.output(g.conv("fill", x, network.out, activation=None, float_output=True))
    return g


def packed_bytes(packed: torch.Tensor) -> np.ndarray:
    """One packed real-valued input (4 x H x W) as the bytes the product hands over, H x W x 4."""
    return (packed * 128 + 128).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def calibration_batches(windows: np.ndarray, holes: np.ndarray, count: int = 48) -> list[list[dict]]:
    """Packed windows of training photos (N x H x W x 3 and x 1 bytes), four at a time."""
    batches = []
    for i in range(0, count, 4):
        pixels = torch.from_numpy(windows[i : i + 4]).permute(0, 3, 1, 2).float()
        hole = torch.from_numpy(holes[i : i + 4]).permute(0, 3, 1, 2).float()
        batches.append([{"image": pack_input(pixels, hole)}])
    return batches


@torch.no_grad()
def check_lowering(network: InpaintingNetwork, graph: Graph, packed: torch.Tensor) -> float:
    """Largest difference between the module and its graph on one input."""
    graph_output = F.pixel_shuffle(GraphModule(graph)({"image": packed})["fill"], 2)
    return float((network(packed) - graph_output).abs().max())
