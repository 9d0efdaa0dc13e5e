import unittest

import numpy as np

from efface_training.segmentation_data import CLASSES, INDEX
from efface_training.segmentation_grouping import Thresholds
from efface_training.segmentation_objects import found_objects, parts


def maps(objects, height=24, width=32):
    """Classes and middles as a perfect network would give them: rectangles (name, rows, columns)."""
    semantic, instance = np.zeros((len(CLASSES), height, width), np.float32), np.zeros((3, height, width), np.float32)
    semantic[0] = 4
    for name, (top, bottom), (left, right) in objects:
        middle = (top + bottom) // 2, (left + right) // 2
        semantic[0, top:bottom, left:right], semantic[INDEX[name], top:bottom, left:right] = 0, 4
        instance[1, top:bottom, left:right] = ((middle[0] - np.arange(top, bottom)) / 16)[:, None]
        instance[2, top:bottom, left:right] = (middle[1] - np.arange(left, right)) / 16
        instance[0, middle[0], middle[1]] = 1
    return semantic, instance


class Shown:
    """A look and a model of a photo of 320 x 240 pixels; every part shows the same objects."""

    window, width, height = (0, 0, 320, 240), 32, 24
    thresholds, unlisted = Thresholds(), []

    def __init__(self, whole, part):
        (self.semantic, self.instance), self.part, self.looked = maps(whole), maps(part), []

    def main(self, picture):
        return *self.part, None

    def look_at(self, window):
        self.looked.append(window)
        look = Shown([], [])
        look.window = window
        look.semantic, look.instance = self.part
        return look

    def found(self):
        return found_objects(self, self, np.zeros((240, 320, 3), np.uint8), self.look_at)


class ObjectsTest(unittest.TestCase):
    def test_what_parts_show_is_found_once(self):
        shown = Shown([], [("person", (4, 14), (6, 12))])
        self.assertEqual(parts((240, 320))[0], (0, 0, 192, 144))
        found = shown.found()
        # In every part it is at another place of the photo.
        self.assertEqual((len(found), len(shown.looked)), (4, 4))
        first = next(o for o in found if o.closer[1] == (0, 0, 192, 144))
        self.assertTrue(first.pixels[30:80, 40:68].all() and not first.pixels[:, 80:].any())
        self.assertEqual(first.box, (36, 24, 72, 84))
        self.assertTrue(first.cells[3:8, 4:7].all() and first.cells.sum() <= 30)

    def test_what_is_known_cut_off_or_unreliable_is_left(self):
        person = ("person", (4, 14), (6, 12))
        known = Shown([("person", (0, 24), (0, 32))], [person])
        self.assertEqual((len(known.found()), known.looked), (1, []))
        self.assertEqual(Shown([], [("bird", (4, 14), (6, 12))]).found(), [])
        self.assertEqual(Shown([], [("person", (4, 8), (6, 11))]).found(), [])
        # At the lower right corner of a part only the last part, which ends with the photo, has the whole of it.
        corner = Shown([], [("person", (16, 24), (26, 32))]).found()
        self.assertEqual([o.closer[1] for o in corner], [(128, 96, 320, 240)])

    def test_the_largest_comes_first(self):
        found = Shown([("car", (0, 4), (0, 9))], [("person", (8, 20), (10, 24))]).found()
        self.assertEqual([CLASSES[o.name] for o in found][-1], "car")
        self.assertTrue(found[0].pixels.sum() >= found[-1].pixels.sum())


if __name__ == "__main__":
    unittest.main()
