"""The figures of whole fills, on pictures whose figures are known."""

import tempfile
import unittest
from pathlib import Path
from unittest import mock

import cv2
import numpy as np

from efface_training.inpainting_evaluation import Case, ssim
from efface_training.product_evaluation import figures, halves, large_set, summary


def _case() -> Case:
    noise = np.random.RandomState(3).randint(0, 255, (160, 160, 3)).astype(np.uint8)
    hole = np.zeros((160, 160), np.uint8)
    hole[40:120, 40:120] = 1
    return Case("noise", cv2.GaussianBlur(noise, (0, 0), 1), hole)


def _judge(fill, case, whole):
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (fill, case.pixels)]
    return {"lpips": float(np.abs(fill.astype(float) - case.pixels).mean()), "ssim": float(ssim(*grey)[case.hole > 0].mean())}


class ProductEvaluationTests(unittest.TestCase):
    def test_the_truth_is_perfect_and_as_sharp_as_its_ring(self):
        case = _case()
        result = summary([figures(_judge, case.pixels, case)])
        self.assertEqual(result["lpips"], 0)
        self.assertAlmostEqual(result["ssim"], 1, places=4)
        self.assertAlmostEqual(result["truth_energy"], 1, places=6)
        self.assertAlmostEqual(result["energy"], 1, delta=0.05)

    def test_a_blur_has_little_energy(self):
        case = _case()
        blurred = np.where(case.hole[..., None] > 0, cv2.GaussianBlur(case.pixels, (0, 0), 4), case.pixels)
        result = summary([figures(_judge, blurred, case)])
        self.assertLess(result["energy"], 0.4)
        self.assertLess(result["ssim"], 0.5)

    def test_another_photo_of_the_same_name_is_another_case(self):
        disc = cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 30, 1, -1)
        names = []
        with tempfile.TemporaryDirectory() as folder, mock.patch(
            "efface_training.product_evaluation.object_shapes", return_value=[disc]
        ):
            for level in (60, 60, 61):
                cv2.imwrite(f"{folder}/beach.png", np.full((1100, 1400, 3), level, np.uint8))
                names += [case.name for case in large_set(Path(folder), Path(folder))]
        self.assertEqual(len(names), 3)
        self.assertEqual(names[0], names[1])
        self.assertNotEqual(names[1], names[2])

    def test_the_halves_share_no_case(self):
        cases = list(range(9))
        self.assertEqual(sorted(halves(cases, "tuning") + halves(cases, "reporting")), cases)
        self.assertFalse(set(halves(cases, "tuning")) & set(halves(cases, "reporting")))


if __name__ == "__main__":
    unittest.main()
