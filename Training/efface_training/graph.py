"""A network as a list of the product's few operations, in floats.

Training code keeps its networks as ordinary `nn.Module`s. To ship one, it is lowered to a `Graph` by
hand, a few lines a network, BatchNorm folded on the way. `GraphModule` runs a graph in PyTorch: plain
(to prove that the lowering changed nothing), watched (to calibrate), or with simulated quantization.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn as nn
import torch.nn.functional as F


def padded(channels: int) -> int:
    """Channels as stored: rounded up to whole planes of 16."""
    return -(-channels // 16) * 16


def surrounded(x: torch.Tensor, kernel: int, stride: int, dilation: int, pad: int, value: float = 0) -> torch.Tensor:
    """`x` with `pad` rows and columns before it and as many after it as ceil(size / stride) outputs read."""
    before_after = []
    for size in (x.shape[3], x.shape[2]):
        last = (-(-size // stride) - 1) * stride - pad + dilation * (kernel - 1)
        before_after += [pad, last - (size - 1)]
    return F.pad(x, before_after, value=value)


@dataclass
class Node:
    """One operation. `inputs` are value names: conv [x] or [x, residual]; add [a, b]."""

    op: str  # conv, depthwise, add, mean, upsample2
    name: str
    inputs: list[str]
    output: str
    weight: torch.Tensor | None = None  # conv: O x I x K x K; depthwise: C x 1 x K x K
    bias: torch.Tensor | None = None
    stride: int = 1
    dilation: int = 1
    pad: int = 0  # rows above and columns to the left of the picture that the first tap reads
    activation: str | None = None  # None, relu, relu6
    float_output: bool = False
    mode: str = "same"  # of add's second operand: same, nearest2, broadcast


@dataclass
class Graph:
    """Build with the methods below, in order of execution; each returns the new value's name."""

    name: str
    inputs: list[dict] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    channels: dict[str, int] = field(default_factory=dict)

    def input(self, value: str, channels: int, unshuffle: int = 1, scale: float = 1 / 128, zero_point: int = 128) -> str:
        """Interleaved bytes; a byte v means (v - zero_point) * scale."""
        self.inputs.append(dict(value=value, channels=channels, unshuffle=unshuffle, scale=scale, zero_point=zero_point))
        return self._value(value, channels * unshuffle * unshuffle)

    def external(self, value: str, source: Graph) -> str:
        """A value that an earlier graph of the same network left behind."""
        self.inputs.append({"value": value, "from": source.name})
        return self._value(value, source.channels[value])

    def conv(
        self, name: str, x: str, conv: nn.Conv2d, norm: nn.BatchNorm2d | None = None, *,
        activation: str | None = "relu", residual: str | None = None, float_output: bool = False,
    ) -> str:  # fmt: skip
        """A convolution (or, by its groups, a depthwise one), then the residual, then the activation."""
        weight = conv.weight.detach().float()
        bias = conv.bias.detach().float() if conv.bias is not None else torch.zeros(conv.out_channels)
        if norm is not None:
            factor = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
            weight, bias = weight * factor[:, None, None, None], (bias - norm.running_mean) * factor + norm.bias.detach()
        kernel, dilation = conv.kernel_size[0], conv.dilation[0]
        depthwise = conv.groups > 1
        assert conv.padding[0] == dilation * (kernel // 2), f"{name}: only 'same' padding is representable"
        assert not depthwise or (conv.groups == conv.in_channels == conv.out_channels and residual is None)
        return self.convolution(
            name, x, weight, bias, stride=conv.stride[0], dilation=dilation, pad=conv.padding[0], depthwise=depthwise,
            activation=activation, residual=residual, float_output=float_output,
        )  # fmt: skip

    def convolution(
        self, name: str, x: str, weight: torch.Tensor, bias: torch.Tensor, *, stride: int = 1, dilation: int = 1,
        pad: int, depthwise: bool = False, activation: str | None = "relu", residual: str | None = None,
        float_output: bool = False,
    ) -> str:  # fmt: skip
        """The same from a kernel and a bias. `pad` may be less than the kernel's half: TensorFlow's SAME
        padding of a stride of two reads no row above the picture; the size is always ceil(size / stride)."""
        inputs = [x] if residual is None else [x, residual]
        return self._node(
            Node(
                "depthwise" if depthwise else "conv", name, inputs, name, weight.detach().float().clone(),
                bias.detach().float().clone(), stride, dilation, pad, activation, float_output,
            ),
            weight.shape[0],
        )  # fmt: skip

    def add(self, name: str, a: str, b: str, mode: str = "same", activation: str | None = None) -> str:
        assert self.channels[a] == self.channels[b]
        return self._node(Node("add", name, [a, b], name, mode=mode, activation=activation), self.channels[a])

    def mean(self, name: str, x: str) -> str:
        return self._node(Node("mean", name, [x], name), self.channels[x])

    def upsample2(self, name: str, x: str) -> str:
        return self._node(Node("upsample2", name, [x], name), self.channels[x])

    def output(self, value: str) -> str:
        self.outputs.append(value)
        return value

    def _value(self, name: str, channels: int) -> str:
        assert name not in self.channels, f"{name} exists already"
        self.channels[name] = channels
        return name

    def _node(self, node: Node, channels: int) -> str:
        self.nodes.append(node)
        return self._value(node.output, channels)


def key(node: Node, part: str) -> str:
    """The parameter's name; PyTorch allows no dots in it."""
    return f"{node.name}|{part}".replace(".", "|")


def computed(node: Node, weight: torch.Tensor | None, bias: torch.Tensor | None, values: dict[str, torch.Tensor]) -> torch.Tensor:
    """What a node makes of values, before its activation."""
    x = values[node.inputs[0]]
    if node.op in ("conv", "depthwise"):
        x = surrounded(x, weight.shape[2], node.stride, node.dilation, node.pad)
        y = F.conv2d(x, weight, bias, node.stride, 0, node.dilation, x.shape[1] if node.op == "depthwise" else 1)
        return y + values[node.inputs[1]] if len(node.inputs) > 1 else y
    if node.op == "add":
        b = values[node.inputs[1]]
        return x + (F.interpolate(b, scale_factor=2) if node.mode == "nearest2" else b)
    return x.mean((2, 3), keepdim=True) if node.op == "mean" else F.interpolate(x, scale_factor=2)


def activated(node: Node, y: torch.Tensor) -> torch.Tensor:
    if node.activation:
        return y.clamp(0, 6) if node.activation == "relu6" else F.relu(y)
    return y


class GraphModule(nn.Module):
    """Runs a graph on real-valued N x C x H x W tensors; weights are parameters.

    `observe(value name, tensor)` may replace every value as it is made; `alter_weight(node, weight)`
    may replace every weight before it is used. Simulated quantization is exactly those two hooks.
    """

    def __init__(self, graph: Graph):
        super().__init__()
        self.graph = graph
        self.weights = nn.ParameterDict()
        for node in graph.nodes:
            if node.weight is not None:
                self.weights[key(node, "weight")] = nn.Parameter(node.weight.clone())
                self.weights[key(node, "bias")] = nn.Parameter(node.bias.clone())

    def write_back(self) -> None:
        """Stores the parameters in the graph's nodes."""
        for node in self.graph.nodes:
            if node.weight is not None:
                node.weight = self.weights[key(node, "weight")].detach().float().clone()
                node.bias = self.weights[key(node, "bias")].detach().float().clone()

    def forward(
        self,
        inputs: dict[str, torch.Tensor],
        observe: Callable[[str, torch.Tensor], torch.Tensor] = lambda name, value: value,
        alter_weight: Callable[[Node, torch.Tensor], torch.Tensor] = lambda node, weight: weight,
    ) -> dict[str, torch.Tensor]:
        """All values by name. Inputs are given before pixel-unshuffling."""
        values = {}
        for entry in self.graph.inputs:
            x = inputs[entry["value"]]
            values[entry["value"]] = F.pixel_unshuffle(x, entry["unshuffle"]) if entry.get("unshuffle", 1) > 1 else x
        for node in self.graph.nodes:
            weight = bias = None
            if node.weight is not None:
                weight, bias = alter_weight(node, self.weights[key(node, "weight")]), self.weights[key(node, "bias")]
            y = activated(node, computed(node, weight, bias, values))
            values[node.output] = y if node.float_output else observe(node.output, y)
        return values
