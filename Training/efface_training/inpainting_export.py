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
    """The averaged network of a checkpoint, pruned weights at exactly zero, without a level that was pruned whole."""
    state = torch.load(checkpoint, map_location="cpu")
    network = InpaintingNetwork(**state["config"])
    network.load_state_dict(state["average"])
    for name, mask in state["masks"].items():
        network.get_parameter(name).data.mul_(mask)
    return without_idle_level(network).eval().requires_grad_(False)


def trained_parameters(checkpoint: Path) -> int:
    """How many parameters the network had before pruning."""
    config = torch.load(checkpoint, map_location="cpu")["config"]
    return sum(p.numel() for p in InpaintingNetwork(**config).parameters())


@torch.no_grad()
def without_idle_level(network: InpaintingNetwork) -> InpaintingNetwork:
    """The network without its coarsest level if pruning left nothing there that looks at the picture, and no whole branch: then
    it is the same everywhere, and what it adds goes into a bias.

    At the border of the window, where the last convolution sees less of the constant, the sum differs a little.
    """
    whole = lambda block: block.first.weight.any() and block.second.weight.any()  # noqa: E731
    if network.levels < 3 or network.down_coarse.weight.any() or any(map(whole, network.coarse)):
        return network
    fewer = InpaintingNetwork(**(network.config | dict(levels=2)))
    fewer.load_state_dict({name: value for name, value in network.state_dict().items() if name in fewer.state_dict()})
    added = network.from_coarse(torch.zeros(1, network.config["widths"][1], 16, 16))
    fewer.middle_in[-1].second.bias.add_(added[0, :, 8, 8])
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

    def coarsest(x: str) -> str:
        x = g.conv("down_coarse", x, network.down_coarse)
        for index, block in enumerate(network.coarse):
            x = residual(f"coarse.{index}", x, block)
            if index % 2 == 0:
                context, name = network.contexts[index // 2], f"context.{index // 2}"
                y = g.conv(f"{name}.first", g.mean(f"{name}.mean", x), context.first)
                y = g.conv(f"{name}.second", y, context.second, activation=None)
                x = g.add(f"{name}.sum", x, y, "broadcast")
        return g.conv("up_middle", x, network.up_middle, activation=None)

    fine = chain("fine_in", g.conv("stem", g.input("image", 4, 4), network.stem), network.fine_in)
    x = fine
    if network.levels > 1:
        x = chain("middle_in", g.conv("down_middle", fine, network.down_middle), network.middle_in)
        if network.levels > 2:
            x = g.add("middle_sum", x, coarsest(x), "nearest2")
        x = chain("middle_out", x, network.middle_out)
        x = g.add("fine_sum", fine, g.conv("up_fine", x, network.up_fine, activation=None), "nearest2")
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
