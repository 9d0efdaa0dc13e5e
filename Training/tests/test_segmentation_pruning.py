import unittest
from unittest import mock

import numpy as np
import torch

from efface_training import segmentation_pruning
from efface_training.graph import GraphModule
from efface_training.segmentation_data import CLASSES
from efface_training.segmentation_export import lower
from efface_training.segmentation_network import SegmentationNetwork


class RemovalTests(unittest.TestCase):
    def test_others_make_up_for_the_blocks_that_go(self):
        torch.manual_seed(1)
        graphs = lower(SegmentationNetwork(len(CLASSES)).eval().requires_grad_(False))
        draw = np.random.RandomState(2)
        pictures = [draw.randint(0, 256, (96, 128, 3)).astype(np.uint8) for _ in range(3)]
        prompts = lambda values: np.full((24, 32, 4), 128, np.uint8)  # noqa: E731
        node = next(n for n in graphs[0].nodes if n.name == "lateral32")
        before, bias = node.weight.clone(), node.bias.clone()

        def said() -> torch.Tensor:
            images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()
            return GraphModule(graphs[0])({"image": (images - 127) / 128})["lateral32"]

        whole = said()
        with mock.patch.object(segmentation_pruning, "_layers", return_value={"lateral32": node}):
            segmentation_pruning.remove_cheapest(graphs, pictures, prompts, 9 * segmentation_pruning.STORED)
        blocks = node.weight.view(6, 16, 52, 4).abs().sum((1, 3)) > 0
        self.assertEqual(int((~blocks).sum()), 9)
        made_up = float((said() - whole).square().mean())
        with torch.no_grad():
            node.weight.copy_(before * blocks.repeat_interleave(16, 0).repeat_interleave(4, 1)[..., None, None])
            node.bias.copy_(bias)
        self.assertLess(made_up, 0.5 * float((said() - whole).square().mean()))
