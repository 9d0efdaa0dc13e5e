"""Writes quantized graphs as the product's network file: safetensors, the graph as JSON in its metadata."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch

from .graph import Graph, Node, padded
from .quantization import Quantization, to_bytes
from .runtime import NetworkFile

ALIGNMENT = 64


def pack_blocks(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dense int8 O x I x K x K (O, I multiples of 16) to (blocks [n, 16, 4], columns [n], rows [O/16 + 1]).

    A block is 16 output x 4 input channels of one tap; blocks of zeros are left out. Column =
    (ky * K + kx) * (I / 4) + i / 4; a row's blocks go by column, so that kernels find a tap row's in one piece.
    """
    outputs, inputs, kernel, _ = weight.shape
    taps = weight.reshape(outputs // 16, 16, inputs // 4, 4, kernel, kernel).transpose(0, 4, 5, 2, 1, 3)
    every = taps.reshape(outputs // 16, kernel * kernel * inputs // 4, 16, 4)
    stored = every.any((2, 3))
    rows = np.concatenate([[0], stored.sum(1).cumsum()])
    return every[stored].astype(np.int8), np.nonzero(stored)[1].astype(np.uint16), rows.astype(np.uint32)


def pack_depthwise(weight: np.ndarray) -> np.ndarray:
    """Dense int8 C x K x K to [C/16, kx, ceil(K/4), 16, ky % 4], absent rows zero."""
    channels, kernel, _ = weight.shape
    packed = np.zeros((channels // 16, kernel, -(-kernel // 4), 16, 4), np.int8)
    for ky in range(kernel):
        packed[:, :, ky // 4, :, ky % 4] = weight[:, ky, :].reshape(channels // 16, 16, kernel).transpose(0, 2, 1)
    return packed


def quantize_node(node: Node, graph: Graph, q: Quantization) -> tuple[dict, dict[str, np.ndarray]]:
    """The JSON entry and the tensors of one node."""
    entry: dict = dict(op=node.op, name=node.name)
    tensors: dict[str, np.ndarray] = {}
    zero = 0 if node.float_output else q.zero_points[node.output]
    out_scale = 1.0 if node.float_output else q.scales[node.output]
    if node.activation:
        low, high = zero, 255
        if node.activation == "relu6":
            high = min(255, zero + round(6 / out_scale))
    else:
        low, high = 0, 255
    if node.op in ("conv", "depthwise"):
        x = node.inputs[0]
        weight = node.weight.double().numpy()
        outputs, inputs, kernel, _ = weight.shape
        scale = q.scales_of(node).double().numpy()
        # A dead channel has a bias and hardly a weight: its bias must stay below 2^30.
        scale = np.maximum(scale, np.abs(node.bias.double().numpy()) / (q.scales[x] * 2**29))
        integers = to_bytes(torch.from_numpy(weight / scale[:, None, None, None])).numpy()
        product = scale * q.scales[x]
        bias = np.rint(node.bias.double().numpy() / product) - q.zero_points[x] * integers.sum((1, 2, 3))
        bias = np.clip(bias, -(2**31), 2**31 - 1)
        pad_out = padded(outputs) - outputs
        pad_in = 0 if node.op == "depthwise" else padded(inputs) - inputs
        integers = np.pad(integers, ((0, pad_out), (0, pad_in), (0, 0), (0, 0))).astype(np.int8)
        if node.op == "conv":
            blocks, columns, rows = pack_blocks(integers)
            tensors |= {"weights": blocks, "columns": columns, "rows": rows}
        else:
            tensors["weights"] = pack_depthwise(integers[:, 0])
        tensors["bias"] = np.pad(bias, (0, pad_out)).astype(np.int32)
        tensors["scale"] = np.pad(product / out_scale, (0, pad_out)).astype(np.float32)
        entry |= dict(
            input=x, output=node.output, kernel=kernel, stride=node.stride, dilation=node.dilation,
            pad=node.pad, lo=low, hi=high,
        )  # fmt: skip
        if len(node.inputs) > 1:
            residual = node.inputs[1]
            entry |= dict(residual=residual, residual_scale=float(np.float32(q.scales[residual] / out_scale)))
    elif node.op == "add":
        a, b = node.inputs
        entry |= dict(
            a=a, b=b, b_mode=node.mode, output=node.output, lo=low, hi=high,
            a_scale=float(np.float32(q.scales[a] / out_scale)), b_scale=float(np.float32(q.scales[b] / out_scale)),
        )  # fmt: skip
    else:
        entry |= dict(input=node.inputs[0], output=node.output)
    return entry, {f"{node.name}.{key}": value for key, value in tensors.items()}


@torch.no_grad()
def empty_idle(graphs: list[Graph]) -> None:
    """Empties convolutions that only empty convolutions read: pruning may take one half of a branch before the other."""
    shown = {value for g in graphs for value in g.outputs} | {e["value"] for g in graphs for e in g.inputs if "from" in e}
    for graph in graphs:
        for node in reversed(graph.nodes):
            readers = [n for n in graph.nodes if node.output in n.inputs]
            idle = readers and all(
                n.op == "conv" and node.output not in n.inputs[1:] and not n.weight.any() for n in readers
            )
            if node.op == "conv" and idle and node.output not in shown:
                node.weight.zero_()


def network_bytes(
    graphs: list[Graph], q: Quantization, *, name: str, version: str, input_size: int, multiple: int = 32,
    parameters: dict | None = None, card: dict | None = None, trained: int = 0,
) -> bytes:  # fmt: skip
    """The whole file. `card` figures that follow from the weights are filled in here; `trained` is how many parameters the
    network had that was pruned, where some of its layers are left out.

    Channels in `values` are padded to 16 for bytes and true for floats; several graphs share one
    namespace of node names.
    """
    empty_idle(graphs)
    tensors: dict[str, np.ndarray] = {}
    described, dense, stored, macs = [], 0, 0, 0
    for graph in graphs:
        nodes = []
        values = {
            e["value"]: dict(
                channels=padded(graph.channels[e["value"]]), type="u8",
                scale=q.scales[e["value"]], zero_point=q.zero_points[e["value"]],
            )
            for e in graph.inputs
        }  # fmt: skip
        for node in graph.nodes:
            entry, arrays = quantize_node(node, graph, q)
            assert not tensors.keys() & arrays.keys(), f"{node.name} names two nodes"
            tensors |= arrays
            nodes.append(entry)
            if node.float_output:
                values[node.output] = dict(channels=graph.channels[node.output], type="f32")
            else:
                values[node.output] = dict(
                    channels=padded(graph.channels[node.output]), type="u8",
                    scale=q.scales[node.output], zero_point=q.zero_points[node.output],
                )  # fmt: skip
            if node.weight is not None:
                dense += node.weight.numel() + node.bias.numel()
                stored += int(np.count_nonzero(_blocks_kept(node))) * 64 if node.op == "conv" else node.weight.numel()
                stored += node.bias.numel()
        inputs = [
            {"value": e["value"], "from": e["from"]} if "from" in e
            else {"value": e["value"], "channels": e["channels"], "unshuffle": e["unshuffle"]}
            for e in graph.inputs
        ]  # fmt: skip
        described.append(dict(name=graph.name, inputs=inputs, outputs=graph.outputs, values=values, nodes=nodes))
    macs = sum(multiply_accumulates(g, input_size) for g in graphs)
    dense = max(dense, trained)
    full_card = dict(
        dense_parameters=dense, stored_parameters=min(stored, dense), sparsity=round(1 - min(stored, dense) / dense, 4),
        fp32_bytes=dense * 4, gmac=round(macs / 1e9, 3),
    ) | (card or {})  # fmt: skip
    document = dict(
        format_version=1, name=name, version=version, input_size=input_size, multiple=multiple,
        card=full_card, parameters=parameters or {}, graphs=described,
    )  # fmt: skip
    return safetensors_bytes(tensors, {"efface": json.dumps(document, separators=(",", ":"))})


def _blocks_kept(node: Node) -> np.ndarray:
    weight = node.weight.numpy()
    o, i, k, _ = weight.shape
    weight = np.pad(weight, ((0, padded(o) - o), (0, padded(i) - i), (0, 0), (0, 0)))
    return (weight.reshape(padded(o) // 16, 16, padded(i) // 4, 4, k, k) != 0).any((1, 3))


def multiply_accumulates(graph: Graph, size: int) -> int:
    """Dense multiply-accumulates of a graph on a size x size input (graphs fed by others count at that value's size)."""
    sides = {e["value"]: size // e.get("unshuffle", 1) for e in graph.inputs if "from" not in e}
    total = 0
    for node in graph.nodes:
        side = sides.get(node.inputs[0], 1)
        if node.op == "mean":
            side = 1
        elif node.op == "upsample2":
            side *= 2
        elif node.weight is not None:
            side = -(-side // node.stride)
            total += node.weight.numel() * side * side
        sides[node.output] = side
    return total


_TYPES = {"int8": "I8", "uint8": "U8", "uint16": "U16", "int32": "I32", "uint32": "U32", "float32": "F32"}


def safetensors_bytes(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """A safetensors file whose weights, biases and scales start at multiples of 64 bytes of the file.

    The format allows no holes. They are multiples of 64 bytes long and come first; then what has elements of 4 bytes and of 2.
    """
    header: dict = {"__metadata__": metadata}
    data = bytearray()
    for name, array in sorted(tensors.items(), key=lambda t: (t[1].nbytes % ALIGNMENT > 0, -t[1].itemsize)):
        assert len(data) % (ALIGNMENT if array.nbytes % ALIGNMENT == 0 else array.itemsize) == 0, name
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = dict(dtype=_TYPES[array.dtype.name], shape=list(array.shape), data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def write_network(path: Path, *args, **kwargs) -> int:
    """Writes the file and returns its size."""
    data = network_bytes(*args, **kwargs)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return len(data)


def rewrite(path: Path, parameters: dict | None = None, card: dict | None = None) -> None:
    """Puts other parameters or figures into a network's file; its weights stay as they are."""
    file = NetworkFile.load(path)
    file.document["parameters"] |= parameters or {}
    file.document["card"] |= card or {}
    weights = {name: array for name, array in file.tensors.items() if not name.startswith("~")}
    path.write_bytes(safetensors_bytes(weights, {"efface": json.dumps(file.document, separators=(",", ":"))}))


def requantize(path: Path, output: Path, version: str | None = None) -> None:
    """Rounds a file's weights anew, for files from before the rule of `to_bytes`; depthwise kernels and the ranges of
    activations stay."""
    file = NetworkFile.load(path)
    tensors = {name: array for name, array in file.tensors.items() if not name.startswith("~")}
    for graph in file.graphs.values():
        values = graph["values"]
        q = Quantization({n: v["scale"] for n, v in values.items() if v["type"] == "u8"},
                         {n: v["zero_point"] for n, v in values.items() if v["type"] == "u8"})  # fmt: skip
        described = Graph(graph["name"])
        for entry in graph["nodes"]:
            if entry["op"] != "conv":
                continue
            weight, bias = file.real_weights(entry, values)
            node = Node(entry["op"], entry["name"], [entry["input"]], entry["output"], weight, bias, entry["stride"],
                        entry["dilation"], entry["pad"], float_output=values[entry["output"]]["type"] == "f32")  # fmt: skip
            tensors |= quantize_node(node, described, q)[1]
    file.document["version"] = version or file.document["version"]
    output.write_bytes(safetensors_bytes(tensors, {"efface": json.dumps(file.document, separators=(",", ":"))}))


def add_commands(subparsers) -> None:
    text = "round a network file's weights anew, by the present rule"
    parser = subparsers.add_parser("requantize", help=text, description=text)
    parser.add_argument("network", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--version", help="the version it gets; else it stays")
    parser.set_defaults(run=lambda options: requantize(options.network, options.output, options.version))
