"""Going on from a pruned network."""

import unittest
from pathlib import Path

import torch

from efface_training.inpainting_network import InpaintingNetwork, pack_input
from efface_training.inpainting_start import grown, load_file, network_like, revive
from efface_training.pruning import prunable


SHIPPED = Path(__file__).parents[2] / "Sources/CWeights/inpainting.safetensors"


class StartTests(unittest.TestCase):
    def test_a_file_gives_a_network_of_its_shape(self):
        network, masks = load_file(SHIPPED)
        self.assertEqual(network_like(SHIPPED).config, network.config)
        self.assertTrue(any((m == 0).any() for m in masks.values()))
        with self.assertRaisesRegex(ValueError, "no inpainting network"):
            load_file(SHIPPED.with_name("segmentation.safetensors"))

    def test_what_is_new_adds_nothing_yet_and_learns(self):
        torch.manual_seed(1)
        packed = torch.rand(1, 4, 64, 64)
        network = InpaintingNetwork(widths=(16, 32), head=16, dilations=(1, 2))
        torch.nn.init.normal_(network.out.weight, 0, 0.05)
        more = grown(network, dict(widths=[32, 48], head=16, dilations=[4, 1, 1, 2]))
        torch.testing.assert_close(more(packed), network(packed))
        torch.testing.assert_close(more.middle[1].second.weight[:32, :32], network.middle[0].second.weight)
        torch.testing.assert_close(more.middle[3].second.bias[:32], network.middle[1].second.bias)
        more(packed).square().sum().backward()
        for new in (more.middle[0].second.weight.grad, more.up_head.weight.grad[:, 16:], more.up.weight.grad[:, 32:]):
            self.assertGreater(float(new.abs().max()), 0)

    def test_what_does_not_fit_is_refused(self):
        network = InpaintingNetwork(widths=(32, 32), head=16, dilations=(1, 2))
        for config in (dict(widths=[16, 32], head=16, dilations=[1, 2]), dict(widths=[32, 32], head=16, dilations=[2, 1])):
            with self.assertRaises(ValueError):
                grown(network, config)


class ReviveTests(unittest.TestCase):
    def test_closed_channels_open_and_the_answer_stays(self):
        torch.manual_seed(1)
        network = InpaintingNetwork(widths=(16, 32), head=16, dilations=(1, 2)).eval()
        torch.nn.init.normal_(network.out.weight, 0, 0.05)
        emptied, closed = network.middle[0], network.middle[1]
        with torch.no_grad():
            emptied.first.weight.zero_()
            emptied.second.weight.zero_()
            closed.first.bias[:8] = -100
        hole = torch.zeros(2, 1, 64, 64)
        hole[:, :, 20:40, 20:40] = 1
        packed = pack_input(255 * torch.rand(2, 3, 64, 64), hole)
        before = network(packed).detach()
        masks = {name: torch.ones_like(p) for name, p in prunable(network).items()}
        kept = masks.keys() - {"middle.0.first.weight", "middle.0.second.weight"}
        self.assertGreaterEqual(revive(network, packed, masks), 32 + 8)
        self.assertGreaterEqual(masks.keys(), kept)
        self.assertNotIn("middle.0.first.weight", masks)
        torch.testing.assert_close(network(packed), before)
        self.assertEqual(float(closed.first.bias[:8].abs().max()), 0)
        network(packed).square().sum().backward()
        for block in (emptied, closed):
            self.assertGreater(float(block.second.weight.grad[:, :8].abs().max()), 0)


if __name__ == "__main__":
    unittest.main()
