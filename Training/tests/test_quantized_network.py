"""Training with simulated bytes computes what the exported file computes, and learns its ranges."""

import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F

from efface_training.export import write_network
from efface_training.inpainting_export import INPUT_SIZE, lower, packed_bytes
from efface_training.inpainting_network import InpaintingNetwork, pack_input
from efface_training.inpainting_quantization import QuantizedNetwork
from efface_training.quantization import calibrate
from efface_training.runtime import NetworkFile


class QuantizedNetworkTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(4)
        network = InpaintingNetwork((32, 32), 32, (1, 2)).eval()
        torch.nn.init.normal_(network.out.weight, std=0.05)
        hole = torch.zeros(1, 1, 64, 64)
        hole[..., 20:40, 20:44] = 1
        self.packed = pack_input(torch.rand(1, 3, 64, 64).mul(255).round(), hole)
        graph = lower(network)
        self.network = QuantizedNetwork(graph, calibrate([graph], [[{"image": self.packed}]]))

    def train(self, steps: int) -> None:
        wanted = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.1
        optimizer = torch.optim.Adam(self.network.parameters(), 3e-3)
        for _ in range(steps):
            optimizer.zero_grad()
            (self.network(self.packed) - wanted).square().mean().backward()
            optimizer.step()

    def test_after_training_the_file_gives_what_the_network_gives(self):
        before = {name: float(value) for name, value in self.network.ranges.items()}
        self.train(6)
        moved = [abs(float(value) - before[name]) for name, value in self.network.ranges.items()]
        self.assertGreater(min(moved), 1e-4)
        graph, quantization = self.network.lowered()
        with torch.no_grad():
            said = self.network(self.packed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "n.safetensors"
            write_network(path, [graph], quantization, name="inpainting", version="1.0.0", input_size=INPUT_SIZE, trained=1)
            fill = NetworkFile.load(path).run({"image": packed_bytes(self.packed[0])})["fill"]
        filed = F.pixel_shuffle(torch.from_numpy(fill)[None, :12], 2)
        with torch.no_grad():
            unrounded = F.pixel_shuffle(self.network.inner({"image": self.packed})["fill"], 2)
        # A value half way between two bytes may fall to either side, and what follows with it.
        self.assertLess(float((filed - said).abs().mean()), 0.3 * float((unrounded - said).abs().mean()))

    def test_scales_follow_the_weights_when_they_settle(self):
        with torch.no_grad():
            self.network.inner.weights["stem|weight"].mul_(2)
        before = getattr(self.network, "stem|scales").clone()
        self.network.settle()
        self.assertTrue(torch.allclose(getattr(self.network, "stem|scales"), 2 * before, rtol=1e-4))
