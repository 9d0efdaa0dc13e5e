import unittest

import cv2
import numpy as np
import torch

from efface_training.segmentation_questions import Questions, arrays, depth, shown
from efface_training.segmentation_sampling import Prompted, clicks_map, prior_map

CELLS = 64


def asked(count: int, seed: int = 3) -> list[tuple[int, Prompted]]:
    """Ellipses, each in a picture of its own or in its neighbour's, with simulated clicks and boxes."""
    rng, out = np.random.RandomState(seed), []
    for n in range(count):
        mask, other = np.zeros((CELLS, CELLS), np.float32), np.zeros((CELLS, CELLS), np.float32)
        for m in (mask, other):
            cv2.ellipse(m, tuple(map(int, rng.randint(16, 48, 2))), tuple(map(int, rng.randint(5, 15, 2))), 0, 0, 360, 1.0, -1)
        out.append((n // 2, Prompted(rng, mask, np.ones_like(mask, bool), (other > 0) & (mask == 0))))
    return out


def tensors(prompts) -> Questions:
    return Questions({name: torch.from_numpy(values) for name, values in arrays(prompts).items()})


class QuestionTests(unittest.TestCase):
    def test_many_are_asked_as_one_is_in_the_product(self):
        prompts = asked(24)
        questions, generator = tensors(prompts), torch.Generator().manual_seed(1)
        instance = torch.randn(12, 3, CELLS, CELLS, generator=generator)
        semantic = torch.softmax(2 * torch.randn(12, 26, CELLS, CELLS, generator=generator), 1)
        prior = questions.prior(instance[questions.picture], semantic[questions.picture])
        bytes_ = (shown(questions.clicks(), prior) * 128 + 128).numpy()
        for n, (picture, p) in enumerate(prompts):
            alone = prior_map(p.positive, p.box, instance[picture].numpy(), semantic[picture].numpy())
            np.testing.assert_array_equal(bytes_[n, :3], clicks_map(p.positive, p.negative, p.box, CELLS))
            np.testing.assert_allclose(prior[n], alone, atol=1e-4)
            np.testing.assert_allclose(bytes_[n, 3], 128 + np.round(127 * alone), atol=1)

    def test_depth_is_the_distance_from_the_outside(self):
        regions = torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(2)) > 0.05
        regions[2] = True
        for region, found in zip(regions, depth(regions)):
            padded = np.pad(region.numpy().astype(np.uint8), 1)
            wanted = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
            np.testing.assert_allclose(found, wanted, atol=1e-3)

    def test_a_correction_clicks_the_middle_of_the_largest_mistake(self):
        questions = tensors(asked(2))
        nothing, everything = torch.zeros(2, CELLS, CELLS, dtype=torch.bool), torch.ones(2, CELLS, CELLS, dtype=torch.bool)
        counts = lambda points: (points[..., 0] >= 0).sum(1)  # noqa: E731
        missing, extra = counts(questions.positive), counts(questions.negative)
        questions.correct(nothing)
        self.assertTrue(torch.equal(counts(questions.positive), missing + 1))
        for n in range(2):
            y, x = questions.positive[n, missing[n]]
            depths = depth(questions.mask[n : n + 1] > 0.5)[0]
            self.assertEqual(depths[y, x], depths.max())
        questions.correct(everything)
        self.assertTrue(torch.equal(counts(questions.negative), extra + 1))
        for n in range(2):
            y, x = questions.negative[n, extra[n]]
            self.assertEqual(questions.mask[n, y, x], 0)
        before = questions.positive.clone()
        questions.correct(questions.mask > 0.5)
        self.assertTrue(torch.equal(questions.positive, before))
        for _ in range(9):  # more clicks than there is room for
            questions.correct(nothing)

    def test_a_batch_has_as_many_as_wanted(self):
        questions = tensors(asked(6))
        self.assertEqual(questions.filled(3).picture.tolist(), [0, 0, 1])
        self.assertEqual(questions.filled(8).picture.tolist(), [0, 0, 1, 1, 2, 2, 0, 0])
        self.assertEqual(len(tensors([])), 0)


if __name__ == "__main__":
    unittest.main()
