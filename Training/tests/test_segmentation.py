import tempfile
import unittest
from pathlib import Path

import numpy as np

from efface_training.export import rewrite
from efface_training.runtime import NetworkFile
from efface_training.segmentation_export import unlisted
from efface_training.segmentation_grouping import Thresholds
from efface_training.segmentation_objects import Found
from efface_training.segmentation_prompts import closer, object_outlined, parts_with

FIXTURES = Path(__file__).parents[2] / "Tests/NetworksTests/Fixtures"


class SegmentationTests(unittest.TestCase):
    def test_only_classes_that_are_often_right_are_names(self):
        figures = {"fp32": {"iou": {"boat": 0.9}}, "shipped": {"iou": {"person": 0.7, "boat": 0.29, "cat": 0.3}}}
        hidden = unlisted({"shipped": figures["shipped"], "fp32": figures["fp32"]})
        self.assertNotIn("person", hidden)
        self.assertNotIn("cat", hidden)
        self.assertIn("boat", hidden)
        self.assertIn("horse", hidden)  # not measured
        self.assertIn("object", hidden)
        self.assertEqual(unlisted(figures["shipped"]), hidden)
        self.assertNotIn("boat", unlisted({"fp32": figures["fp32"]}))
        self.assertEqual(unlisted(None), ["object"])

    def test_rewriting_keeps_the_weights(self):
        before = NetworkFile.load(FIXTURES / "mobile.safetensors")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "n.safetensors"
            path.write_bytes((FIXTURES / "mobile.safetensors").read_bytes())
            rewrite(path, {"thresholds": Thresholds(gap=7).parameters()}, {"quality": 1})
            after = NetworkFile.load(path)
        self.assertEqual(after.document["parameters"]["thresholds"]["gap"], 7)
        self.assertEqual(after.document["card"]["quality"], 1)
        self.assertEqual(after.document["graphs"], before.document["graphs"])
        for name, array in before.tensors.items():
            if not name.startswith("~"):
                np.testing.assert_array_equal(after.tensors[name], array)

    def test_floats_stand_for_integers(self):
        pixels = np.random.RandomState(2).randint(0, 256, (64, 96, 3)).astype(np.uint8)
        results = [NetworkFile.load(FIXTURES / "mobile.safetensors", exact).run({"image": pixels}) for exact in (True, False)]
        for name, exact in results[0].items():
            self.assertLessEqual(np.abs(exact.astype(float) - results[1][name].astype(float)).max(), 1, name)

    def test_small_things_get_a_window_of_their_own(self):
        """The Swift tests expect the same windows of the same things."""
        limits = Thresholds(box_zoom_share=0.32, zoom_margin=1, zoom_least=0.25)
        window = lambda *box: closer((800, 1000), np.zeros((72, 96)), [], box, limits)  # noqa: E731
        self.assertEqual(window(400, 300, 500, 360), (300, 200, 600, 460))
        self.assertEqual(window(0, 790, 10, 800), (0, 550, 250, 800))
        self.assertEqual(window(500, 100, 520, 300), (300, 0, 720, 600))
        self.assertIsNone(window(100, 100, 400, 400))

    def test_an_object_is_asked_for_without_its_neighbours(self):
        class Answer:
            window, width, height = (0, 0, 96, 64), 24, 16
            semantic = np.zeros((3, 16, 24), np.float32)

            def __init__(self):
                self.asked = []

            def answer(self, positive, negative, box, thresholds):
                self.asked.append((positive, negative, box))
                return np.where(np.arange(24) < (7 if box else 0), 0.8, 0.0) * np.ones((16, 1))

        look, cells, neighbour = Answer(), np.zeros((16, 24), bool), np.zeros((16, 24), bool)
        cells[2:12, 2:5] = cells[2:4, 2:12] = neighbour[5:12, 6:13] = True
        look.semantic[0], look.semantic[1][cells] = 2, 3.5
        large = Thresholds(box_zoom_share=0)
        outline = object_outlined(look, np.zeros((64, 96, 3), np.uint8), [Found(1, cells, 1.0), Found(2, neighbour, 1.0)], 0, large)
        (positive, [(x, y)], box), by_click = look.asked
        self.assertEqual((positive, box), ([], (8, 8, 48, 48)))
        self.assertEqual(by_click, ([(14, 14)], [(x, y)], None))
        self.assertTrue(x in (34, 38) and 30 <= y <= 38)
        # Where the classes and the answer agree; the classes' lead alone is too little, if they are not sure.
        self.assertTrue(outline[12:44, 12:18].all())
        self.assertFalse(outline[:, 34:].any() or outline[58:].any())
        look.semantic[1][cells] = 5
        outline = object_outlined(look, np.zeros((64, 96, 3), np.uint8), [Found(1, cells, 1.0), Found(2, neighbour, 1.0)], 0, large)
        self.assertTrue(outline[10:14, 34:44].all())

    def test_parts_without_a_click_go(self):
        shares = np.array([[0.9, 0.8, 0, 0, 0.9, 0.3]])
        np.testing.assert_array_equal(parts_with(shares, [(0, 1)]), [[0.9, 0.8, 0, 0, 0, 0.3]])
        np.testing.assert_array_equal(parts_with(shares, []), shares)
