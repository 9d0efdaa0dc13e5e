"""Write a network of the shipped inpainting network's shape with random weights, pruned in random blocks.

    PYTHONPATH=Training python Tests/Benchmarks/random_network.py FILE [--sparsity 0.78]

How fast a network runs depends on its shape and on how much of it is pruned, not on what it has learnt.
"""

import argparse
import pathlib

import torch
from efface_training.export import write_network
from efface_training.inpainting_export import INPUT_SIZE, lower
from efface_training.inpainting_network import pack_input
from efface_training.inpainting_start import network_like
from efface_training.pruning import block_sums, expand, prunable
from efface_training.quantization import calibrate

SHIPPED = pathlib.Path(__file__).parents[2] / "Sources/CWeights/inpainting.safetensors"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--sparsity", type=float, default=0.78)
    options = parser.parse_args()
    torch.manual_seed(1)
    network = network_like(SHIPPED)
    torch.nn.init.normal_(network.out.weight, std=0.05)  # starts at zero, and zeros would all be left out
    for weight in prunable(network).values():
        # Some outputs, inputs and taps matter more than others, as in a trained network.
        o, i, ky, _ = (blocks := block_sums(weight.detach())).shape
        scores = torch.randn_like(blocks) + 0.5 * torch.randn(o, 1, 1, 1)
        scores += 0.5 * torch.randn(1, i, 1, 1) + 0.3 * torch.randn(1, 1, ky, ky)
        kept = torch.ones(scores.numel())
        kept[scores.flatten().argsort()[: round(options.sparsity * scores.numel())]] = 0
        weight.data.mul_(expand(kept.view_as(scores)))
    graph = lower(network.eval().requires_grad_(False))
    colours = torch.nn.functional.interpolate(255 * torch.rand(2, 3, 12, 12), size=(INPUT_SIZE, INPUT_SIZE))
    hole = torch.zeros(2, 1, INPUT_SIZE, INPUT_SIZE)
    hole[:, :, INPUT_SIZE // 3 : 2 * INPUT_SIZE // 3, INPUT_SIZE // 3 : 2 * INPUT_SIZE // 3] = 1
    quantization = calibrate([graph], [[{"image": pack_input(colours, hole)}]])
    size = write_network(
        options.file, [graph], quantization, name="inpainting", version="random", input_size=INPUT_SIZE)
    print(f"{options.file}: {size} bytes")


if __name__ == "__main__":
    main()
