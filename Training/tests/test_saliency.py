"""Outlines of what stands out, from a teacher's probabilities."""

import unittest

import numpy as np

from efface_training.segmentation_saliency import objects


class SaliencyTests(unittest.TestCase):
    def test_separate_things_get_numbers_by_size(self):
        probability = np.zeros((100, 100), np.float32)
        probability[10:40, 10:40], probability[60:75, 60:75] = 1, 1
        probability[40:43, 10:40] = 0.5
        ids = objects(probability)
        self.assertEqual(ids[20, 20], 1)
        self.assertEqual(ids[65, 65], 2)
        self.assertEqual(ids[41, 20], 255)
        self.assertEqual(ids[90, 90], 0)

    def test_a_doubtful_teacher_says_nothing(self):
        probability = np.zeros((100, 100), np.float32)
        self.assertIsNone(objects(probability))
        probability[10:40, 10:40], probability[40:80, 10:40] = 1, 0.5
        self.assertIsNone(objects(probability))


if __name__ == "__main__":
    unittest.main()
