"""Goes on from a shipped network file: its integers become the weights of a network that trains on."""

from __future__ import annotations

from pathlib import Path

import torch

from .runtime import NetworkFile
from .segmentation_data import CLASSES
from .segmentation_network import Convolution, SegmentationNetwork


def modules_by_node(network: SegmentationNetwork) -> dict[str, Convolution]:
    """The convolutions by the names that `segmentation_export.lower` gives them."""
    found = {"stem": network.stem}
    for i, block in enumerate(network.blocks):
        found |= {f"depthwise{i}": block.depthwise, f"project{i}": block.project}
        if block.expand is not None:
            found[f"expand{i}"] = block.expand
    for prefix, parent in (("", network), ("prompt_", network.prompt)):
        found |= {prefix + name: m for name, m in parent.named_children() if isinstance(m, Convolution) and m is not network.stem}
    return found | {"semantic": network.semantic2, "instance": network.instance2}


@torch.no_grad()
def load_file(network: SegmentationNetwork, path: Path, batch: torch.Tensor, prompt: torch.Tensor, lean: torch.Tensor) -> None:
    """Copies a file's weights into a network that has the published backbone.

    A file has batch normalization folded in. It is unfolded again by the statistics that each layer shows
    on `batch` (normalized pixels) and `prompt`: then training starts where the file stands. `lean` is what
    the export added to the class logits.
    """
    file = NetworkFile.load(path)
    assert file.document["parameters"]["classes"] == CLASSES, f"{path} names other classes"
    modules, info = modules_by_node(network), {}
    for graph in file.graphs.values():
        info |= graph["values"]
    for graph in file.graphs.values():
        for node in graph["nodes"]:
            if node["op"] not in ("conv", "depthwise"):
                continue
            module = modules[node["name"]]
            outputs, inputs = module.weight.shape[:2]
            weight, bias = file.real_weights(node, info)
            module.weight.copy_(weight[:outputs, :inputs] / module.scale.double()[:, None, None, None])
            module.bias.copy_(bias[:outputs])
    network.semantic2.bias.sub_(lean)
    _unfold(network, batch, prompt)


def _unfold(network: SegmentationNetwork, batch: torch.Tensor, prompt: torch.Tensor) -> None:
    """Gives every normalization the mean and variance of what it normalizes, and the gain that undoes them."""
    handles = []

    def watch(module: Convolution, inputs) -> None:
        norm = module.norm
        bias = module.bias.clone()
        module.bias.zero_()
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1)
        norm.bias.zero_()
        act, module.act = module.act, "none"
        handles[index[module]].remove()
        y = module(inputs[0])
        module.act = act
        mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(bias + mean)

    index = {}
    for module in network.modules():
        if isinstance(module, Convolution) and module.norm is not None:
            index[module] = len(handles)
            handles.append(module.register_forward_pre_hook(watch))
    network.eval()
    _, _, features = network(batch)
    network.prompt(prompt, features)
