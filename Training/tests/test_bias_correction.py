"""Biases make up for rounding and for what was taken out."""

import copy
import unittest

import torch

from efface_training.graph import Graph, GraphModule
from efface_training.quantization import calibrate, correct_biases, rounded_weight


def chain() -> Graph:
    torch.manual_seed(3)
    g = Graph("main")
    x = g.input("image", 4, 2)
    a = g.convolution("first", x, torch.randn(32, 16, 3, 3) * 0.1, torch.randn(32) * 0.1, pad=1)
    b = g.convolution("wide", a, torch.randn(32, 1, 3, 3) * 0.3, torch.randn(32) * 0.1, pad=1, depthwise=True, activation="relu6")
    c = g.convolution("second", b, torch.randn(32, 32, 1, 1) * 0.1, torch.zeros(32), pad=0, residual=a, activation=None)
    g.output(g.convolution("last", c, torch.randn(16, 32, 1, 1) * 0.1, torch.zeros(16), pad=0, activation=None, float_output=True))
    return g


def shift(graph: Graph, reference: Graph, q, batches) -> float:
    """How far the mean of any channel of the rounded graph is from the reference's."""
    mine, theirs = GraphModule(graph), GraphModule(reference)
    with torch.no_grad():
        weight = lambda node, weight: rounded_weight(weight, q.scales_of(node))  # noqa: E731
        said = torch.cat([mine(b[0], q.simulate, weight)["last"] for b in batches])
        wanted = torch.cat([theirs(b[0])["last"] for b in batches])
    return float((said - wanted).mean((0, 2, 3)).abs().max())


class BiasCorrectionTests(unittest.TestCase):
    def test_means_are_the_references_after_blocks_have_gone(self):
        reference = chain()
        graph = copy.deepcopy(reference)
        graph.nodes[0].weight[:, 4:8, 1] = 0
        graph.nodes[2].weight[16:, :4] = 0
        batches = [[{"image": torch.rand(1, 4, 24, 24) * 2 - 1}] for _ in range(6)]
        q = calibrate([graph], batches)
        before = shift(graph, reference, q, batches)
        correct_biases([graph], [reference], q, batches)
        self.assertGreater(before, 0.02)
        self.assertLess(shift(graph, reference, q, batches), 1e-4)
