"""Things count as found where answers from elsewhere, and in the mirror image, agree."""

import unittest

import numpy as np
import torch

from efface_training.segmentation_discovery import CELLS, added, agreeing, laid, views, whole


class Answers:
    """Every click finds one square, unless `mirrored` finds another."""

    def __init__(self, same: bool):
        self.same = same

    def answers(self, picture, row, column, mirrored):
        found = torch.full((len(row), CELLS, CELLS), 0.02)
        first = 50 if mirrored and not self.same else 20
        found[:, first : first + 30, 20:50] = 0.97
        return found


def asked(same: bool):
    table = torch.tensor([[0, 30, 30], [0, 90, 90]])
    return agreeing(Answers(same), *table.unbind(1), torch.tensor([CELLS * CELLS]), torch.Generator().manual_seed(1))


class DiscoveryTests(unittest.TestCase):
    def test_a_thing_that_its_mirror_image_shows_too_is_found(self):
        picture, probability, quality = asked(True)
        self.assertEqual(picture.tolist(), [0])  # the click beside it found what it was not on
        self.assertGreater(float(quality[0]), 0.9)
        self.assertGreater(float(probability[0, 30, 30]), 0.9)
        self.assertLess(float(probability[0, 60, 60]), 0.1)

    def test_an_answer_that_the_mirror_image_contradicts_is_not(self):
        self.assertEqual(len(asked(False)[0]), 0)

    def test_what_is_cut_by_a_view_is_not_whole(self):
        view = views(400, 300)[1]
        self.assertEqual(view, (0, 0, 240, 180))
        inside = np.zeros((CELLS, CELLS), np.float32)
        inside[20:40, 20:40] = 1
        self.assertTrue(whole(view, inside, 400, 300))
        cut = np.roll(inside, CELLS - 40, 1)  # to the view's right side, where the photo goes on
        self.assertFalse(whole(view, cut, 400, 300))
        edge = np.roll(inside, -20, 1)  # to its left side, where the photo ends
        self.assertTrue(whole(view, edge, 400, 300))

    def test_a_views_probabilities_lie_where_the_view_is(self):
        view = views(400, 300)[4]
        everywhere = laid(view, np.ones((CELLS, CELLS), np.float32), 400, 300)
        self.assertGreater(everywhere[view[1] :, view[0] :].min(), 0.99)
        self.assertEqual(everywhere[: view[1]].max(), 0)
        self.assertEqual(everywhere[:, : view[0]].max(), 0)

    def test_what_covers_an_outlined_thing_is_not_added(self):
        entry = {"instances": [{"index": 1, "class": "object"}]}
        ids = np.zeros((40, 40), np.uint8)
        ids[:20, :20] = 1
        over, beside = np.zeros((40, 40), np.float32), np.zeros((40, 40), np.float32)
        over[:20, :22], beside[25:35, 25:35], beside[24, 25:35] = 0.9, 0.9, 0.4
        ids = added(entry, ids, [over, beside])
        self.assertEqual(np.unique(ids).tolist(), [0, 1, 2, 255])
        self.assertEqual([(ids == i).sum() for i in (1, 2, 255)], [400, 100, 10])
        self.assertEqual((entry["found"], entry["salient"], len(entry["instances"])), (1, True, 2))
