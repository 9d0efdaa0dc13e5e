"""Fine-tunes the inpainting network while it computes with simulated bytes."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, key
from .pruning import block_sums, expand
from .quantization import Quantization, weight_scales


class QuantizedNetwork(nn.Module):
    """The lowered network with every value and weight rounded as the exported file rounds them.

    Takes the packed input and gives what must be added, like `InpaintingNetwork`. Ranges stay as they were
    calibrated; weights learn around them.
    """

    def __init__(self, graph: Graph, quantization: Quantization):
        super().__init__()
        self.inner, self.quantization = GraphModule(graph), quantization
        for node in graph.nodes:
            if node.weight is not None:
                quantization.weight_scales[node.name] = weight_scales(node.weight)

    def forward(self, packed: torch.Tensor) -> torch.Tensor:
        q = self.quantization
        values = self.inner({"image": packed}, lambda name, x: q.simulate(name, x.float()), q.simulate_weight)
        return F.pixel_shuffle(values["fill"], 2)

    def masks(self) -> dict[str, torch.Tensor]:
        """1 where a weight may live: blocks that are all zero stay so."""
        result = {}
        for node in self.inner.graph.nodes:
            if _has_blocks(node):
                name = "inner.weights." + key(node, "weight")
                result[name] = expand((block_sums(node.weight.square()) > 0).float())
        return result


def _has_blocks(node: Node) -> bool:
    return node.weight is not None and node.weight.shape[0] % 16 == 0 and node.weight.shape[1] % 16 == 0
