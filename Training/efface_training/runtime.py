"""The integer meaning of a network file, in plain tensor operations: what every engine must reproduce bit for bit."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .graph import surrounded

_TYPES = {"I8": np.int8, "U8": np.uint8, "U16": np.uint16, "I32": np.int32, "U32": np.uint32, "F32": np.float32}


class NetworkFile:
    """A loaded network file; `run` executes one of its graphs.

    Doubles hold its integers exactly. `exact=False` computes in floats, several times as fast: a sum past
    2^24 is then rounded, and a byte in some thousands differs by one.
    """

    def __init__(self, data: bytes, exact: bool = True):
        self.kind = torch.float64 if exact else torch.float32
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        self.document = json.loads(header.pop("__metadata__")["efface"])
        self.tensors = {}
        for name, entry in header.items():
            begin, end = (8 + length + v for v in entry["data_offsets"])
            self.tensors[name] = np.frombuffer(data[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"])
        self.graphs = {g["name"]: g for g in self.document["graphs"]}
        self._weights: dict[str, torch.Tensor] = {}

    @classmethod
    def load(cls, path: Path, exact: bool = True) -> NetworkFile:
        return cls(Path(path).read_bytes(), exact)

    def dense_weight(self, node: dict, inputs: int) -> torch.Tensor:
        """The convolution's weights, O x I x K x K (depthwise: C x 1 x K x K)."""
        if node["name"] not in self._weights:
            blocks, kernel = self.tensors[node["name"] + ".weights"], node["kernel"]
            if node["op"] == "depthwise":
                planes = blocks.transpose(0, 3, 2, 4, 1).reshape(len(blocks) * 16, -1, kernel)
                dense = planes[:, None, :kernel, :]
            else:
                rows, columns = self.tensors[node["name"] + ".rows"], self.tensors[node["name"] + ".columns"]
                dense = np.zeros(((len(rows) - 1) * 16, inputs, kernel, kernel), np.int8)
                for row in range(len(rows) - 1):
                    for k in range(rows[row], rows[row + 1]):
                        tap, group = divmod(int(columns[k]), inputs // 4)
                        ky, kx = divmod(tap, kernel)
                        dense[row * 16 : row * 16 + 16, group * 4 : group * 4 + 4, ky, kx] = blocks[k]
            self._weights[node["name"]] = torch.from_numpy(dense).to(self.kind)
        return self._weights[node["name"]]

    def real_weights(self, node: dict, info: dict) -> tuple[torch.Tensor, torch.Tensor]:
        """The kernel and the bias of a node in real values (doubles), channels padded as they are stored.
        `info` holds the scales of its graph's values."""
        entry = info[node["input"]]
        integers = self.dense_weight(node, entry["channels"]).double()
        step = torch.from_numpy(self.tensors[node["name"] + ".scale"].astype(np.float64))
        step = step * info[node["output"]].get("scale", 1.0)
        bias = torch.from_numpy(self.tensors[node["name"] + ".bias"].astype(np.float64))
        bias = bias + entry["zero_point"] * integers.sum((1, 2, 3))
        return integers * (step / entry["scale"])[:, None, None, None], bias * step

    def run(self, inputs: dict[str, np.ndarray], graph: str = "main") -> dict[str, np.ndarray]:
        """All values by name. Inputs are H x W x C bytes (before unshuffling), or for a value of an earlier
        graph that value as `run` returned it. Results are C x H x W: bytes, or floats for float outputs."""
        description = self.graphs[graph]
        info, values = description["values"], {}
        for entry in description["inputs"]:
            name = entry["value"]
            if "from" in entry:
                values[name] = torch.from_numpy(inputs[name]).to(self.kind)[None]
                continue
            x = torch.from_numpy(inputs[name]).to(self.kind).permute(2, 0, 1)[None]
            x = F.pixel_unshuffle(x, entry["unshuffle"])
            missing = info[name]["channels"] - x.shape[1]
            values[name] = F.pad(x, (0, 0, 0, 0, 0, missing), value=info[name]["zero_point"])
        for node in description["nodes"]:
            out = info[node["output"]]
            if node["op"] in ("conv", "depthwise"):
                values[node["output"]] = self._convolve(node, info, values, out)
            elif node["op"] == "add":
                a, b = (values[node[k]] - info[node[k]]["zero_point"] for k in "ab")
                if node["b_mode"] == "nearest2":
                    b = F.interpolate(b, scale_factor=2)
                t = a.float() * np.float32(node["a_scale"]) + b.float() * np.float32(node["b_scale"])
                values[node["output"]] = self._to_bytes(t, node, out)
            elif node["op"] == "mean":
                x = values[node["input"]]
                n = x.shape[2] * x.shape[3]
                values[node["output"]] = torch.floor((2 * x.sum((2, 3), keepdim=True) + n) / (2 * n))
            else:
                values[node["output"]] = F.interpolate(values[node["input"]], scale_factor=2)
        return {
            name: value[0].numpy().astype(np.float32 if info[name]["type"] == "f32" else np.uint8)
            for name, value in values.items()
        }

    def _convolve(self, node: dict, info: dict, values: dict, out: dict) -> torch.Tensor:
        x, name = values[node["input"]], node["name"]
        zero = info[node["input"]]["zero_point"]
        depthwise = node["op"] == "depthwise"
        weight = self.dense_weight(node, x.shape[1])
        bias = torch.from_numpy(self.tensors[name + ".bias"].copy()).to(self.kind)
        # Taps outside the picture read the zero point.
        x = surrounded(x, node["kernel"], node["stride"], node["dilation"], node["pad"], zero)
        groups = x.shape[1] if depthwise else 1
        acc = F.conv2d(x, weight, bias, node["stride"], 0, node["dilation"], groups)
        scale = torch.from_numpy(self.tensors[name + ".scale"].copy())[None, :, None, None]
        t = acc.float() * scale
        if "residual" in node:
            residual = values[node["residual"]] - info[node["residual"]]["zero_point"]
            t = t + residual.float() * np.float32(node["residual_scale"])
        if out["type"] == "f32":
            return t[:, : out["channels"]]
        return self._to_bytes(t, node, out)

    def _to_bytes(self, t: torch.Tensor, node: dict, out: dict) -> torch.Tensor:
        zero = out["zero_point"]
        return (torch.round(t.clamp(node["lo"] - zero, node["hi"] - zero)) + zero).to(self.kind)
