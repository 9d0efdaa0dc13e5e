"""Small random networks that together use every operation, with an input and the exact expected output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn as nn

from .export import network_bytes
from .graph import Graph, GraphModule
from .quantization import calibrate
from .runtime import NetworkFile


def _conv(rng: torch.Generator, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1,
          groups: int = 1, keep: float = 1.0) -> nn.Conv2d:  # fmt: skip
    conv = nn.Conv2d(inputs, outputs, kernel, stride, dilation * (kernel // 2), dilation, groups)
    with torch.no_grad():
        fan = inputs // groups * kernel * kernel
        conv.weight.normal_(0, (2 / fan) ** 0.5, generator=rng)
        conv.bias.normal_(0, 0.1, generator=rng)
        if keep < 1:
            blocks = torch.rand(-(-outputs // 16), -(-(inputs // groups) // 4), kernel, kernel, generator=rng) < keep
            mask = blocks.repeat_interleave(16, 0).repeat_interleave(4, 1)
            conv.weight.mul_(mask[:outputs, : inputs // groups])
    return conv


def residual_network(rng) -> list[Graph]:
    """What the inpainting network is made of."""
    g = Graph("main")
    x = g.input("image", 4, 4)
    x = a = g.conv("stem", x, _conv(rng, 64, 32))
    x = g.conv("first", x, _conv(rng, 32, 32, dilation=2, keep=0.4))
    x = e = g.conv("second", x, _conv(rng, 32, 32, keep=0.3), residual=a)
    x = g.conv("down", x, _conv(rng, 32, 48, stride=2, keep=0.5))
    m = g.mean("pooled", x)
    m = g.conv("squeeze", m, _conv(rng, 48, 16, 1))
    m = g.conv("expand", m, _conv(rng, 16, 48, 1), activation=None)
    x = g.add("context", x, m, "broadcast", "relu")
    x = g.conv("empty_row", x, _conv(rng, 48, 32, keep=0.02))
    x = g.add("joined", e, x, "nearest2")
    x = g.conv("head", x, _conv(rng, 32, 32, keep=0.7))
    x = g.upsample2("larger", x)
    g.output(g.conv("fill", x, _conv(rng, 32, 12), activation=None, float_output=True))
    return [g]


def mobile_network(rng) -> list[Graph]:
    """Depthwise layers, linear bottlenecks with a zero point, ReLU6, odd sizes, and a second graph."""
    g = Graph("main")
    x = g.input("image", 3, 1, 1 / 128, 127)
    x = g.conv("stem", x, _conv(rng, 3, 24, stride=2), activation="relu6")
    x = g.conv("expand", x, _conv(rng, 24, 48, 1), activation="relu6")
    x = g.conv("depth3", x, _conv(rng, 48, 48, 3, groups=48), activation="relu6")
    x = a = g.conv("project", x, _conv(rng, 48, 24, 1), activation=None)
    x = g.conv("expand2", x, _conv(rng, 24, 48, 1), activation="relu6")
    x = g.conv("depth5", x, _conv(rng, 48, 48, 5, groups=48), activation="relu6")
    x = g.conv("project2", x, _conv(rng, 48, 24, 1), activation=None, residual=a)
    x = g.conv("depth5s2", x, _conv(rng, 24, 24, 5, stride=2, groups=24), activation=None)
    x = b = g.conv("features", x, _conv(rng, 24, 32, 1, keep=0.5), activation=None)
    y = g.conv("depth3s2", a, _conv(rng, 24, 24, 3, stride=2, groups=24), activation=None)
    y = g.conv("widen", y, _conv(rng, 24, 32, 1), activation=None)
    y = g.add("sum", y, b, "same")
    g.output(g.conv("classes", y, _conv(rng, 32, 5, 1), activation=None, float_output=True))
    g.output("features")
    h = Graph("prompt")
    f = h.external("features", g)
    p = h.input("clicks", 2, 2, 1 / 255, 0)
    p = h.conv("click_stem", p, _conv(rng, 8, 32))
    p = h.add("both", f, p, "same", "relu")
    h.output(h.conv("prompt_mask", p, _conv(rng, 32, 1, 3), activation=None, float_output=True))
    return [g, h]


def write_fixtures(folder: Path, seed: int = 11) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make, size in (("residual", residual_network, (32, 64)), ("mobile", mobile_network, (36, 28))):
        rng, numbers = torch.Generator().manual_seed(seed), np.random.RandomState(seed)
        graphs = make(rng)
        height, width = size
        entries = [[e for e in g.inputs if "from" not in e] for g in graphs]
        shapes = {"image": (height, width), "clicks": (height // 2, width // 2)}

        def bytes_for(entry):
            h, w = shapes[entry["value"]]
            return numbers.randint(0, 256, (h, w, entry["channels"])).astype(np.uint8)

        def real(entry, array):
            x = (torch.from_numpy(array).permute(2, 0, 1)[None].float() - entry["zero_point"]) * entry["scale"]
            return x

        batches = [[{e["value"]: real(e, bytes_for(e)) for e in es} for es in entries] for _ in range(4)]
        q = calibrate(graphs, batches)
        data = network_bytes(graphs, q, name=name, version="0.0.0", input_size=32, multiple=4)
        (folder / f"{name}.safetensors").write_bytes(data)
        network = NetworkFile(data)
        known: dict[str, np.ndarray] = {}
        floats: dict[str, torch.Tensor] = {}
        for graph, es in zip(graphs, entries):
            inputs = {e["value"]: bytes_for(e) for e in es}
            for e in es:
                inputs[e["value"]].tofile(folder / f"{name}.{graph.name}.{e['value']}.input.bin")
            known |= network.run({**known, **inputs}, graph.name)
            floats |= GraphModule(graph)({**floats, **{e["value"]: real(e, inputs[e["value"]]) for e in es}})
            for output in graph.outputs:
                # H x W x C, floats little-endian; bytes for a kept value
                np.ascontiguousarray(known[output].transpose(1, 2, 0)).tofile(folder / f"{name}.{graph.name}.{output}.expected.bin")
                if known[output].dtype == np.float32:
                    error = np.abs(known[output] - floats[output].detach()[0].numpy()).mean()
                    print(f"{name}.{graph.name}.{output}: mean |integer - float| {error:.4f} of {floats[output].abs().mean():.4f}")


def add_commands(subparsers) -> None:
    parser = subparsers.add_parser("make-fixtures", help="write the small networks that the Swift tests compare with")
    parser.add_argument("--output", type=Path, default=Path("../Tests/NetworksTests/Fixtures"))
    parser.set_defaults(run=lambda options: write_fixtures(options.output))
