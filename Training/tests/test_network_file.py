"""python -m unittest discover tests"""

import json
import struct
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from efface_training.export import empty_idle, network_bytes, pack_blocks, pack_depthwise, requantize
from efface_training.fixtures import mobile_network, residual_network
from efface_training.graph import GraphModule
from efface_training.inpainting_export import check_lowering, lower, without_idle_blocks
from efface_training.inpainting_network import InpaintingNetwork, gain_limits, limit_gain, pack_input, pull_push
from efface_training.quantization import PAIR_LIMIT, calibrate, to_bytes, weight_scales
from efface_training.runtime import NetworkFile


def small_network() -> InpaintingNetwork:
    torch.manual_seed(1)
    network = InpaintingNetwork(widths=(16, 32), head=16, dilations=(1, 2, 1))
    torch.nn.init.normal_(network.out.weight, 0, 0.05)
    return network.eval()


class NetworkFileTests(unittest.TestCase):
    def test_blocks_survive_packing(self):
        rng = np.random.RandomState(0)
        weight = rng.randint(-127, 128, (32, 48, 3, 3)).astype(np.int8)
        weight[:16, 4:8, 1, 2] = 0
        blocks, columns, rows = pack_blocks(weight)
        self.assertEqual(rows.tolist(), [0, 9 * 12 - 1, 2 * 9 * 12 - 1])
        self.assertNotIn((1 * 3 + 2) * 12 + 1, columns[: rows[1]])
        file = NetworkFile.__new__(NetworkFile)
        file.kind = torch.float64
        file._weights, file.tensors = {}, {"a.weights": blocks, "a.columns": columns, "a.rows": rows}
        np.testing.assert_array_equal(file.dense_weight(dict(name="a", op="conv", kernel=3), 48).numpy(), weight)

    def test_depthwise_survives_packing(self):
        weight = np.random.RandomState(0).randint(-127, 128, (32, 5, 5)).astype(np.int8)
        file = NetworkFile.__new__(NetworkFile)
        file.kind = torch.float64
        file._weights, file.tensors = {}, {"a.weights": pack_depthwise(weight)}
        np.testing.assert_array_equal(file.dense_weight(dict(name="a", op="depthwise", kernel=5), 32).numpy()[:, 0], weight)

    def test_integers_are_close_to_floats(self):
        generator = torch.Generator().manual_seed(3)
        graphs = residual_network(generator)
        batches = [[{"image": torch.randint(0, 256, (1, 4, 32, 32), generator=generator) / 128 - 1}] for _ in range(4)]
        network = NetworkFile(network_bytes(graphs, calibrate(graphs, batches), name="t", version="0", input_size=32))
        image = batches[0][0]["image"]
        exact = GraphModule(graphs[0])({"image": image})["fill"][0].detach().numpy()
        integer = network.run({"image": (image[0] * 128 + 128).permute(1, 2, 0).numpy().astype(np.uint8)})["fill"]
        self.assertLess(np.abs(exact - integer).mean(), 0.05 * np.abs(exact).mean())

    def test_blocks_left_out_count_as_pruned(self):
        graphs = residual_network(torch.Generator().manual_seed(3))
        q = calibrate(graphs, [[{"image": torch.rand(1, 4, 32, 32)}]])
        card = lambda **more: NetworkFile(network_bytes(graphs, q, name="t", version="0", input_size=32, **more)).document["card"]  # noqa: E731
        alone = card()
        wider = card(trained=10 * alone["dense_parameters"])
        self.assertEqual(wider["stored_parameters"], alone["stored_parameters"])
        self.assertEqual(wider["fp32_bytes"], 40 * alone["dense_parameters"])
        self.assertAlmostEqual(1 - wider["sparsity"], (1 - alone["sparsity"]) / 10, places=3)

    def test_what_only_empty_convolutions_read_is_empty(self):
        network = small_network()
        network.middle[1].second.weight.data.zero_()
        packed = torch.rand(1, 4, 64, 64) * 2 - 1
        before, graph = network(packed).detach(), lower(network)
        empty_idle([graph])
        emptied = [n.name for n in graph.nodes if n.weight is not None and not n.weight.any()]
        self.assertIn("middle.1.first", emptied)
        self.assertNotIn("middle.0.first", emptied)
        after = torch.nn.functional.pixel_shuffle(GraphModule(graph)({"image": packed})["fill"], 2)
        torch.testing.assert_close(after, before)

    def test_blocks_that_say_nothing_are_left_out(self):
        network = small_network()
        network.middle[1].second.bias.data.uniform_(-0.2, 0.5)
        self.assertIs(without_idle_blocks(network), network)
        network.middle[1].second.weight.data.zero_()
        packed = torch.rand(1, 4, 64, 64) * 2 - 1
        before = network(packed).detach()
        fewer = without_idle_blocks(network)
        self.assertEqual(fewer.config["dilations"], [1, 1])
        torch.testing.assert_close(fewer(packed), before)

    def test_a_second_graph_reads_the_first_ones_values(self):
        graphs = mobile_network(torch.Generator().manual_seed(3))
        self.assertEqual(graphs[1].inputs[0], {"value": "features", "from": "main"})

    def test_tensors_are_aligned_and_without_holes(self):
        from safetensors.numpy import load

        graphs = residual_network(torch.Generator().manual_seed(3))
        q = calibrate(graphs, [[{"image": torch.rand(1, 4, 32, 32)}]])
        data = network_bytes(graphs, q, name="t", version="0", input_size=32)
        self.assertIn("stem.weights", load(data))
        (length,) = struct.unpack_from("<Q", data)
        end = 8 + length
        for name, entry in json.loads(data[8:end]).items():
            if name != "__metadata__":
                self.assertEqual(entry["data_offsets"][0], end - 8 - length, name)
                at_64 = name.rsplit(".")[-1] in ("weights", "bias", "scale")
                self.assertEqual(end % (64 if at_64 else 2), 0, name)
                end = 8 + length + entry["data_offsets"][1]
        self.assertEqual(end, len(data))


class WeightTests(unittest.TestCase):
    def sums(self, whole: torch.Tensor) -> torch.Tensor:
        """Of all neighbours: the greatest sum of their positive parts, and of their negative ones."""
        a, b = whole[:, 0::2], whole[:, 1::2]
        return torch.maximum(a.clamp_min(0) + b.clamp_min(0), -(a.clamp_max(0) + b.clamp_max(0)))

    def test_no_two_neighbours_pass_sixteen_bits(self):
        weight = torch.randn((32, 16, 3, 3), generator=torch.Generator().manual_seed(1))
        weight[0] = 1  # the worst: all alike
        scale = weight_scales(weight)[:, None, None, None]
        whole = to_bytes(weight / scale)
        self.assertEqual(float(self.sums(whole).max()), PAIR_LIMIT)
        self.assertLess(float((whole * scale - weight).norm() / weight.norm()), 0.015)

    def test_depthwise_kernels_keep_every_bit(self):
        weight = torch.tensor([127.0, 126.0, -127.0, -127.0]).view(1, 1, 4, 1)
        self.assertEqual(to_bytes(weight).flatten().tolist(), weight.flatten().tolist())

    def test_what_fits_is_only_rounded(self):
        weight = torch.tensor([126.6, 1.4, -127.0, 100.0, 64.2, 63.9, -3.0, -125.0]).view(1, 8, 1, 1)
        self.assertEqual(to_bytes(weight).flatten().tolist(), [127, 1, -127, 100, 64, 64, -3, -125])

    def test_of_two_that_pass_each_gives_up_half(self):
        weight = torch.tensor([127.0, 127.0, -100.0, -33.0]).view(1, 4, 1, 1)
        self.assertEqual(to_bytes(weight).flatten().tolist(), [64, 64, -97, -31])

    def test_requantizing_brings_an_old_file_into_the_rule(self):
        graphs = residual_network(torch.Generator().manual_seed(3))
        image = torch.randint(0, 256, (1, 4, 32, 32), generator=torch.Generator().manual_seed(4))
        q = calibrate(graphs, [[{"image": image / 128 - 1}]])
        with mock.patch("efface_training.quantization.PAIR_LIMIT", 254), tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder) / "old", Path(folder) / "new"
            old.write_bytes(network_bytes(graphs, q, name="t", version="0", input_size=32))
            with mock.patch("efface_training.quantization.PAIR_LIMIT", PAIR_LIMIT):
                requantize(old, new)
            files = NetworkFile.load(old), NetworkFile.load(new)
        blocks = [torch.from_numpy(f.tensors["stem.weights"].astype(np.float32)).flatten(0, 1) for f in files]
        greatest = [float(self.sums(b[:, :, None, None]).max()) for b in blocks]
        self.assertGreater(greatest[0], PAIR_LIMIT)
        self.assertLessEqual(greatest[1], PAIR_LIMIT)
        a, b = (f.run({"image": image[0].permute(1, 2, 0).numpy().astype(np.uint8)})["fill"] for f in files)
        self.assertLess(np.abs(a - b).mean(), 0.05 * np.abs(a).mean())


class InpaintingTests(unittest.TestCase):
    def test_lowering_changes_nothing(self):
        network = small_network()
        self.assertLess(check_lowering(network, lower(network), torch.rand(1, 4, 64, 96)), 1e-5)

    def test_prefill_keeps_known_pixels_and_constants(self):
        pixels, hole = torch.full((1, 3, 96, 64), 77.0), torch.zeros(1, 1, 96, 64)
        hole[..., :70, :] = 1
        self.assertLess(float((pull_push(pixels, hole) - 77).abs().max()), 1e-3)
        pixels = torch.randint(0, 256, (1, 3, 96, 64)).float()
        known = hole.expand_as(pixels) == 0
        packed = pack_input(pixels, hole)
        self.assertTrue(torch.equal((packed[:, :3] * 128 + 128)[known], pixels[known]))

    def test_gain_is_bounded(self):
        network = small_network()
        network.fine_in[0].first.weight.data.mul_(3)
        limits = gain_limits(network)
        for layer in (network.stem, network.fine_in[0].first):
            layer.weight.data.mul_(100)
        limit_gain(network, limits)
        self.assertAlmostEqual(float(network.stem.weight.norm()), (2 * 16) ** 0.5, delta=0.5)
        self.assertGreater(float(network.fine_in[0].first.weight.norm()), 2 * (2 * 16) ** 0.5)  # it may keep what it had


if __name__ == "__main__":
    unittest.main()
