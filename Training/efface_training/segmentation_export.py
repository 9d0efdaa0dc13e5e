"""Lowers the segmentation network to the product's operations, quantizes it and writes its file."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from .export import write_network
from .graph import Graph, GraphModule
from .quantization import Quantization, calibrate, correct_biases
from .segmentation_data import CLASSES, COMMON_WEIGHTS, RARE_WEIGHT
from .segmentation_grouping import Thresholds
from .segmentation_network import OFFSET_UNIT, TAPS, Convolution, SegmentationNetwork

INPUT_SIZE = 448  # the long side at which the network is shown a photo
FEATURES = ("detail", "smooth8", "smooth16")
LEAST_IOU = 0.3  # a class below this on the validation photos is not offered as a name


def unlisted(quality: dict | None) -> list[str]:
    """The classes that are not offered as names of objects: measured to be hardly ever right, or not measured.

    `quality` is a card's figures, as `evaluate` returns them, of the shipped network rather than of the dense one
    where it has both; without it only `object` is left out, which is no name.
    """
    for figures in (quality or {}).get("shipped", {}), (quality or {}).get("fp32", {}), quality or {}:
        if "iou" in figures:
            return [name for name in CLASSES[1:] if figures["iou"].get(name, 0) < LEAST_IOU]
    return ["object"]


def lower(network: SegmentationNetwork) -> list[Graph]:
    """The graphs `main` (picture → classes, instances, features) and `prompt` (features, prompt → mask)."""
    g = Graph("main")

    def conv(graph: Graph, name: str, x: str, module: Convolution, residual=None, float_output=False, prefix="") -> str:
        weight, bias = module.folded()
        return graph.convolution(
            prefix + name, x, weight, bias, stride=module.stride, dilation=module.dilation, pad=module.pad,
            depthwise=module.depthwise, activation=None if module.act == "none" else module.act, residual=residual,
            float_output=float_output,
        )  # fmt: skip

    n = network
    x = conv(g, "stem", g.input("image", 3, 1, 1 / 128, 127), n.stem)
    taps = {}
    for i, block in enumerate(n.blocks):
        y = conv(g, f"expand{i}", x, block.expand) if block.expand is not None else x
        y = conv(g, f"depthwise{i}", y, block.depthwise)
        x = conv(g, f"project{i}", y, block.project, residual=x if block.residual else None)
        if i in TAPS:
            taps[TAPS[i]] = x
    context = conv(g, "context", g.mean("pooled", taps["c32"]), n.context)
    y = g.add("joined32", conv(g, "lateral32", taps["c32"], n.lateral32), context, "broadcast")
    y = conv(g, "smooth32", y, n.smooth32)
    for side, tap in (("16", "c16"), ("8", "c8"), ("4", "c4")):
        lateral = conv(g, "lateral" + side, taps[tap], getattr(n, "lateral" + side))
        y = conv(g, "smooth" + side, g.add("joined" + side, lateral, y, "nearest2", "relu"), getattr(n, "smooth" + side))
    g.output(conv(g, "semantic", conv(g, "semantic1", y, n.semantic1), n.semantic2, float_output=True))
    g.output(conv(g, "instance", conv(g, "instance1", y, n.instance1), n.instance2, float_output=True))
    conv(g, "detail", y, n.detail)
    for value in FEATURES:
        g.output(value)

    h, d = Graph("prompt"), n.prompt
    f4, f8, f16 = (h.external(value, g) for value in FEATURES)
    p = h.input("prompt", 4, 1, 1 / 128, 128)
    step = lambda name, x, **rest: conv(h, name, x, getattr(d, name), prefix="prompt_", **rest)  # noqa: E731
    y = step("coarse2", step("coarse1", p))
    b8 = step("join8", h.add("prompt_sum8", y, f8, "same", "relu"))
    b16 = step("join16", h.add("prompt_sum16", step("down16", b8), f16, "same", "relu"))
    b32 = step("join32", step("down32", b16))
    b32 = h.add("prompt_sum32", b32, step("context", h.mean("prompt_pooled", b32)), "broadcast")
    u16 = step("up16", h.add("prompt_rise16", b16, b32, "nearest2"))
    u8 = step("up8", h.add("prompt_rise8", b8, u16, "nearest2"))
    u4 = h.add("prompt_sum4", step("detail", f4), step("fine", p), "same", "relu")
    h.output(step("last", step("join4", h.add("prompt_rise4", u4, u8, "nearest2")), float_output=True))
    return [g, h]


def class_lean() -> torch.Tensor:
    """What is added to the class logits on the way out: rare classes counted more in training, and half of
    that is taken back; the background gets the same lift."""
    weights = torch.tensor([COMMON_WEIGHTS.get(name, RARE_WEIGHT) for name in CLASSES])
    lean = -0.5 * weights.log()
    lean[0] += 0.5
    return lean


def load_average(checkpoint: Path) -> tuple[SegmentationNetwork, dict]:
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = SegmentationNetwork(len(CLASSES))
    network.load_state_dict(saved["average"])
    for name, mask in saved["masks"].items():
        dict(network.named_modules())[name].weight.data.mul_(mask)
    network.semantic2.bias.data += class_lean()
    return network.eval().requires_grad_(False), saved["state"]


def network_size(width: int, height: int, long_side: int = INPUT_SIZE) -> tuple[int, int]:
    """Width and height at which a photo is shown to the network: multiples of 32, about its own proportions."""
    scale = long_side / max(width, height)
    side = lambda v: max(32, int(v * scale / 32 + 0.5) * 32)  # noqa: E731
    return side(width), side(height)


@torch.no_grad()
def shown(graphs: list[Graph], pictures: list[np.ndarray], prompts) -> Iterator[list[dict[str, torch.Tensor]]]:
    """Each picture (H x W x 3, sides multiples of 32) as the inputs of both graphs; `prompts(values)` gives its prompt's bytes."""
    main = GraphModule(graphs[0]).eval()
    for picture in pictures:
        x = (torch.from_numpy(picture).permute(2, 0, 1)[None].float() - 127) / 128
        p = torch.from_numpy(prompts(main({"image": x}))).permute(2, 0, 1)[None].float()
        yield [{"image": x}, {"prompt": (p - 128) / 128}]


def quantized(graphs: list[Graph], references: list[Graph], pictures: list[np.ndarray], prompts) -> Quantization:
    """Ranges of the graphs' values, whose biases then make up for the rounding and for what `references` had and they have not."""
    q = calibrate(graphs, shown(references, pictures, prompts))
    correct_biases(graphs, references, q, shown(references, pictures, prompts))
    return q


def export(checkpoint: Path, output: Path, pictures: list[np.ndarray], prompts, card: dict, version: str = "1.0.0",
           parameters: dict | None = None, remove: Callable[[list[Graph]], None] | None = None) -> int:  # fmt: skip
    """Writes a checkpoint's network; `remove` may empty more blocks of its graphs first. Returns the file's size."""
    network, state = load_average(checkpoint)
    graphs = lower(network)
    check_lowering(network, graphs)
    references = copy.deepcopy(graphs)
    if remove:
        remove(graphs)
    q = quantized(graphs, references, pictures, prompts)
    everything = dict(classes=CLASSES, offset_unit=OFFSET_UNIT, thresholds=Thresholds().parameters(),
                      unlisted=unlisted(card.get("quality"))) | (parameters or {})  # fmt: skip
    work = dict(zip(("gmac", "prompt_gmac"), arithmetic(graphs)))
    return write_network(output, graphs, q, name="segmentation", version=version, input_size=INPUT_SIZE, multiple=32,
                         parameters=everything, card=work | card)  # fmt: skip


@torch.no_grad()
def arithmetic(graphs: list[Graph]) -> list[float]:
    """Thousand millions of dense multiply-accumulates of each graph on an INPUT_SIZE x INPUT_SIZE picture."""
    known = {"image": torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE), "prompt": torch.zeros(1, 4, INPUT_SIZE // 4, INPUT_SIZE // 4)}
    totals = []
    for graph in graphs:
        values = GraphModule(graph)({e["value"]: known[e["value"]] for e in graph.inputs})
        known |= values
        products = sum(n.weight.numel() * values[n.output][0, 0].numel() for n in graph.nodes if n.weight is not None)
        totals.append(round(products / 1e9, 3))
    return totals


@torch.no_grad()
def check_lowering(network: SegmentationNetwork, graphs: list[Graph]) -> None:
    """Asserts that both graphs compute what the network computes."""
    x = torch.rand(1, 3, 96, 128) * 2 - 1
    semantic, instance, features = network(x)
    p = torch.rand(1, 4, 24, 32)
    mask = network.prompt(p, features)
    values = GraphModule(graphs[0])({"image": x})
    known = {name: values[name] for name in FEATURES}
    other = GraphModule(graphs[1])({**known, "prompt": p})
    for a, b in ((semantic, values["semantic"]), (instance, values["instance"]), (mask, other["prompt_last"])):
        assert torch.allclose(a, b, atol=1e-3 * float(a.abs().max())), float((a - b).abs().max())
