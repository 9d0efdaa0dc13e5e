"""Trains the inpainting network on while it computes with simulated bytes."""

from __future__ import annotations

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .graph import Graph, GraphModule, Node, key
from .pruning import block_sums, expand
from .quantization import Quantization, rounded, rounded_weight, weight_scales


class QuantizedNetwork(nn.Module):
    """The lowered network with every value and weight rounded as the exported file rounds them.

    Takes the packed input and gives what must be added, like `InpaintingNetwork`. The ranges of values are learned, as their
    scales' logarithms; their zero points stay. Those of weights follow the weights, when told to `settle`.
    """

    def __init__(self, graph: Graph, quantization: Quantization):
        super().__init__()
        self.inner, self.quantization, self.ranges = GraphModule(graph), quantization, nn.ParameterDict()
        for node in graph.nodes:
            # The others' bytes are those of their input, or there are none.
            if node.op not in ("mean", "upsample2") and not node.float_output:
                self.ranges[_flat(node.output)] = nn.Parameter(torch.tensor(math.log(quantization.scales[node.output])))
            if node.weight is not None:
                self.register_buffer(_flat(node.name) + "|scales", weight_scales(node.weight))

    def forward(self, packed: torch.Tensor) -> torch.Tensor:
        # bfloat16 has no more digits than the bytes, and its own rounding would be in their way.
        with torch.autocast(packed.device.type, enabled=False):
            values = self.inner({"image": packed}, self._value, self._weight)
            return F.pixel_shuffle(values["fill"], 2)

    def _value(self, name: str, x: torch.Tensor) -> torch.Tensor:
        if _flat(name) not in self.ranges:
            return x
        return rounded(x, self.ranges[_flat(name)].exp(), self.quantization.zero_points[name])

    def _weight(self, node: Node, weight: torch.Tensor) -> torch.Tensor:
        return rounded_weight(weight, getattr(self, _flat(node.name) + "|scales"))

    @torch.no_grad()
    def settle(self) -> None:
        """Chooses the weights' scales anew, those with the least squared error."""
        for node in self.inner.graph.nodes:
            if node.weight is not None:
                scales = weight_scales(self.inner.weights[key(node, "weight")])
                getattr(self, _flat(node.name) + "|scales").copy_(scales)

    def lowered(self) -> tuple[Graph, Quantization]:
        """The graph and the ranges that it has come to."""
        self.settle()
        self.inner.write_back()
        graph, q = self.inner.graph, self.quantization
        for node in graph.nodes:
            if _flat(node.output) in self.ranges:
                q.scales[node.output] = float(self.ranges[_flat(node.output)].detach().exp())
            elif not node.float_output:
                q.scales[node.output] = q.scales[node.inputs[0]]
            if node.weight is not None:
                q.weight_scales[node.name] = getattr(self, _flat(node.name) + "|scales").cpu()
        return graph, q

    def masks(self) -> dict[str, torch.Tensor]:
        """1 where a weight may live: blocks that are all zero stay so."""
        result = {}
        for node in self.inner.graph.nodes:
            if _has_blocks(node):
                name = "inner.weights." + key(node, "weight")
                result[name] = expand((block_sums(node.weight.square()) > 0).float())
        return result


def _flat(name: str) -> str:
    """PyTorch allows no dots in a parameter's name."""
    return name.replace(".", "|")


def _has_blocks(node: Node) -> bool:
    return node.weight is not None and node.weight.shape[0] % 16 == 0 and node.weight.shape[1] % 16 == 0
