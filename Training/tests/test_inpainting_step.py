"""One step of the inpainting network's training."""

import copy
import unittest

import torch

from efface_training.inpainting_network import InpaintingNetwork
from efface_training.inpainting_step import TrainingStep
from efface_training.inpainting_training import split_parameters
from efface_training.muon import Muon


class StepTests(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.network = InpaintingNetwork(widths=(16, 32), head=16, dilations=(1, 2))
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        matrices, others = split_parameters(self.network)
        self.mask = (torch.rand_like(self.network.down.weight) < 0.5).float()
        self.network.down.weight.data.mul_(self.mask)
        self.weight = 1.0
        self.pixels, self.hole = 255 * torch.rand(2, 3, 32, 32), torch.ones(2, 1, 32, 32)
        optimizers = [Muon(matrices, 0), torch.optim.AdamW([dict(params=others, share=0.5)], 0)]
        self.step = TrainingStep(
            self.network, self.average, optimizers, {"down.weight": self.mask}, self.loss, 2, 32, torch.device("cpu")
        )

    def loss(self, pixels, hole):
        wanted = (pixels - 128) / 128 * hole
        error = (self.network(torch.cat([wanted, hole], 1)) - wanted).square().mean()
        return self.weight * error, torch.stack([error.detach()] * 4)

    def run_steps(self, count: int, rate: float, decay: float = 0.5) -> float:
        self.step.sums.zero_()
        for _ in range(count):
            self.step(self.pixels, self.hole, rate, decay)
        return float(self.step.sums[0]) / count

    def test_it_learns_and_what_is_pruned_stays_so(self):
        before = self.run_steps(1, 2e-3)
        self.run_steps(20, 2e-3)
        self.assertLess(self.run_steps(1, 2e-3), 0.8 * before)
        self.assertEqual(float((self.network.down.weight * (1 - self.mask)).abs().max()), 0)
        self.assertGreater(float(self.network.down.weight.abs().max()), 0)

    def test_the_rate_is_the_callers(self):
        self.run_steps(1, 1e-3)
        before = copy.deepcopy(self.network.state_dict())
        self.run_steps(2, 0)
        for name, value in self.network.state_dict().items():
            torch.testing.assert_close(value, before[name], atol=1e-6, rtol=0)

    def test_the_average_takes_its_share(self):
        before, mine = self.average.stem.weight.clone(), self.network.stem.weight
        self.run_steps(1, 1e-2, decay=0.25)
        torch.testing.assert_close(self.average.stem.weight, before.lerp(mine.detach(), 0.25))

    def test_a_rare_gradient_is_clipped_at_twice_the_usual_one(self):
        self.run_steps(5, 0)
        usual = float(self.step.norms.nanmedian())
        self.weight = 1000.0
        self.run_steps(1, 0)
        self.assertGreater(float(self.step.norm), 500 * usual)
        clipped = torch.nn.utils.get_total_norm([p.grad for p in self.network.parameters()])
        self.assertAlmostEqual(float(clipped), 2 * usual, delta=0.01 * usual)
