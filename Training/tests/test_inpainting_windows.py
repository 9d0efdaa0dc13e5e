import unittest

import numpy as np
import torch

from efface_training.inpainting_windows import DeviceWindows


class Store:
    """Two photos in which a pixel says where it is: red the row, green the column, blue the photo."""

    shapes = [(200, 180), (160, 256)]

    def __init__(self):
        photos = []
        for number, (height, width) in enumerate(self.shapes):
            rows, columns = np.mgrid[:height, :width]
            photos.append(np.stack([rows, columns, np.full_like(rows, 100 * (number + 1))], 2).astype(np.uint8))
        self.bytes = np.concatenate([p.ravel() for p in photos])
        self.offsets = np.concatenate([[0], np.cumsum([p.size for p in photos])])
        self.cumulative = np.array([0.5, 1.0])


class DeviceWindowTests(unittest.TestCase):
    def setUp(self):
        self.hole = np.zeros((4, 256, 256), np.uint8)
        self.hole[:, 60:200, 40:140] = 1
        self.drawn = DeviceWindows(Store(), np.packbits(self.hole, axis=2), torch.device("cpu"))

    def test_a_window_is_a_square_of_one_photo(self):
        windows = self.drawn.windows(40, 64)
        self.assertEqual(windows.shape, (40, 3, 64, 64))
        self.assertTrue(torch.equal(windows, windows.round()))
        mirrored = 0
        for red, green, blue in windows:
            self.assertLessEqual(float(blue.std()), 0.5)
            # Gains change colours by a few percent, the same everywhere.
            gain = float(blue.mean()) / (100 if float(blue.mean()) < 150 else 200)
            self.assertTrue(0.6 < gain < 1.5)
            self.assertLess(float(red.std(1).max()), 1)
            self.assertLess(float(green.std(0).max()), 1)
            self.assertTrue((red.diff(dim=0) >= 0).all())
            mirrored += int(green[0, 0] > green[0, -1])
        self.assertTrue(8 < mirrored < 32)

    def test_holes_are_whole_or_smaller(self):
        small = self.drawn.holes_of(30, 64)
        self.assertEqual(sorted(set(small.mean((1, 2, 3)).tolist())), [35 * 25 / 4096])
        areas = self.drawn.holes_of(200, 256).mean((1, 2, 3)) / float(self.hole.mean())
        self.assertTrue(0.1 < float(areas.min()) < 0.3 and 0.95 < float(areas.max()) < 1.05)
        self.assertTrue((small == small.round()).all())


if __name__ == "__main__":
    unittest.main()
