import unittest

import torch
import torch.nn as nn

from efface_training.inpainting_losses import gaussian_blur, random_projection
from efface_training.pruning import (
    block_sums, choose_blocks, measure_curvature, prunable, removal_order, remove_blocks, rising,
)  # fmt: skip


def network() -> nn.Sequential:
    """Its first convolution's outputs 16 to 31 are twice the first 16, but for a little noise."""
    torch.manual_seed(2)
    first, second = nn.Conv2d(16, 32, 3, padding=1), nn.Conv2d(32, 32, 3, padding=1)
    with torch.no_grad():
        first.weight[16:] = 2 * first.weight[:16] + 0.001 * torch.randn(16, 16, 3, 3)
        first.bias[16:] = 2 * first.bias[:16]
    return nn.Sequential(first, nn.ReLU(), second)


def curvature_of(model: nn.Module, count: int = 24):
    generator = torch.Generator().manual_seed(4)

    def projections():
        for _ in range(count):
            out = model(torch.rand(2, 16, 12, 12, generator=generator))
            yield (out * torch.randn(out.shape, generator=generator)).sum()

    return measure_curvature(model, projections())


class PruningTests(unittest.TestCase):
    def test_share_is_met_in_whole_blocks_and_zeros_stay(self):
        model = network()
        model[0].weight.data[:16, 4:8, 1, 1] = 0
        masks = choose_blocks(model, curvature_of(model), 0.5)
        total = sum(p.numel() for p in prunable(model).values())
        self.assertAlmostEqual(sum(float((m == 0).sum()) for m in masks.values()) / total, 0.5, delta=0.01)
        self.assertEqual(float(masks["0.weight"][:16, 4:8, 1, 1].sum()), 0)
        for mask in masks.values():
            blocks = block_sums(mask)
            self.assertTrue(bool(((blocks == 0) | (blocks == 64)).all()))

    def test_what_stays_takes_over(self):
        model, x = network(), torch.rand(4, 16, 12, 12, generator=torch.Generator().manual_seed(9))
        before, curvature = model(x).detach(), curvature_of(model)
        masks = choose_blocks(model, curvature, 0.3, arithmetic=0)
        # The second convolution loses most, since half of what it reads is the other half again.
        self.assertGreater(float(1 - masks["2.weight"].mean()), 0.4)
        cut = network()
        for name, mask in masks.items():
            cut.get_parameter(name).data.mul_(mask)
        remove_blocks(model, curvature, masks)
        for name, mask in masks.items():
            self.assertFalse(bool(model.get_parameter(name)[mask == 0].any()))
        error, plain = (float((m(x) - before)[..., 2:-2, 2:-2].square().mean()) for m in (model, cut))
        self.assertLess(error, plain / 50)

    def test_costs_sum_to_that_of_going_at_once(self):
        """Whatever the order: in the end only the biases are left, and they are the best ones."""
        model = network()
        curvature = curvature_of(model)["2.weight"]
        weight, bias = model[2].weight, model[2].bias
        order, costs = removal_order(curvature, weight, bias, 1)
        self.assertEqual(sorted(order), list(range(8 * 9)))
        w = torch.cat([weight.flatten(1), bias[:, None]], 1)[16:].double().detach()
        moments = curvature.damped()
        rest = (w @ moments * w).sum(1) - (w @ moments[:, -1]).square() / moments[-1, -1]
        self.assertAlmostEqual(sum(costs) / float((curvature.outputs[16:] * rest).sum()), 1, places=6)

    def test_the_place_of_an_error_counts(self):
        model = network()
        generator = torch.Generator().manual_seed(4)

        def projections(channels: slice):
            for _ in range(12):
                out = model(torch.rand(2, 16, 12, 12, generator=generator))[:, channels]
                yield (out * torch.randn(out.shape, generator=generator)).sum()

        masks = choose_blocks(model, measure_curvature(model, projections(slice(0, 16))), 0.4, arithmetic=0)
        self.assertEqual(float(masks["2.weight"][16:].sum()), 0)  # nobody asks for these outputs
        self.assertGreater(float(masks["2.weight"][:16].mean()), 0.3)

    def test_costs_rise_and_keep_their_sum(self):
        costs = rising([1.0, 5.0, 2.0, 0.0, 9.0])
        self.assertEqual(costs, [1.0, 7 / 3, 7 / 3, 7 / 3, 9.0])

    def test_projection_has_the_loss_s_curvature(self):
        """Of the pixels' part, on a picture so large that it outweighs the low-passed one's: 1 / (0.16 n) a pixel."""

        class Nothing:
            def features(self, picture):
                return []

        torch.manual_seed(6)
        hole = torch.zeros(1, 1, 64, 64)
        hole[..., 16:48, 16:48] = 1
        squares = torch.zeros(1, 3, 64, 64)
        for _ in range(200):
            fill = torch.zeros(1, 3, 64, 64, requires_grad=True)
            random_projection(fill, torch.zeros_like(fill), hole, Nothing()).backward()
            squares += fill.grad.square() / 200
        self.assertEqual(float((squares * (1 - hole)).max()), 0)
        pixels = 3 * 32 * 32
        narrow = torch.zeros(1, 1, 64, 64)
        narrow[..., 32, 32] = 1
        spread = gaussian_blur(narrow, 0.5).square().sum()
        inner = squares[..., 24:40, 24:40].mean()
        self.assertAlmostEqual(float(inner * pixels), 1 / 0.16 + float(spread) / 0.2, delta=0.4)


if __name__ == "__main__":
    unittest.main()
