#!/usr/bin/env python3
"""What keeping the rest of a file costs: time beside plain decoding and encoding, and growth.

    python Tests/Benchmarks/measure_files.py [--efface .build/release/efface] [--rounds 9] PHOTO...

Each photo is edited with a hole of 40 x 40 pixels, nine times over. JPEGs: the medians of the program's
decoding and encoding (files read and written included) beside those of the system's libjpeg, which
decodes the whole picture and encodes it anew (plain_jpeg.c, compiled with cc), in turns and each in a
process of its own. PNGs: the program's time alone.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def mask(width, height, box):
    """A PNG that is white in a box."""
    x, y, w, h = box
    dark = bytes(1 + (width + 7) // 8)
    bits = "".join("1" if x <= i < x + w else "0" for i in range(width)).ljust((width + 7) // 8 * 8, "0")
    light = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    rows = b"".join(light if y <= i < y + h else dark for i in range(height))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


def edit(efface, photo, folder, size=(64, 64)):
    """The report of one edit; of a wrong size first, which the error tells."""
    with open(folder + "/mask.png", "wb") as file:
        file.write(mask(*size, (size[0] // 2 - 20, size[1] // 2 - 20, 40, 40)))
    output = folder + "/out" + os.path.splitext(photo)[1]
    run = subprocess.run([efface, "remove-object", photo, "--mask", folder + "/mask.png", "--grow", "0",
                          "-o", output, "--force", "--json"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    report = json.loads(run.stdout)
    if report["status"] != "done" and " upright" in report["error"] and size == (64, 64):
        found = report["error"].split(" upright")[0].split()
        return edit(efface, photo, folder, (int(found[-3]), int(found[-1])))
    return report, os.path.getsize(output), size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--efface", default=os.path.join(HERE, "../../.build/release/efface"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("photos", nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plain = folder + "/plain_jpeg"
        subprocess.run(["cc", "-O2", HERE + "/plain_jpeg.c", "-ljpeg", "-o", plain], check=True)
        print("%-28s %9s %8s %8s %8s %8s %6s" % (
            "photo", "size", "growth", "decode", "encode", "plain", "times"))
        for photo in options.photos:
            _, size, shape = edit(options.efface, photo, folder)
            ours, others = [], []
            for _ in range(options.rounds):
                ours.append(edit(options.efface, photo, folder, shape)[0]["timings_ms"])
                if photo.lower().endswith((".jpg", ".jpeg")):
                    out = subprocess.run([plain, photo], stdout=subprocess.PIPE, check=True).stdout
                    others.append(sum(float(number) for number in out.split()))
            decode = statistics.median(run["decode"] for run in ours)
            encode = statistics.median(run["encode"] for run in ours)
            before = os.path.getsize(photo)
            line = "%-28s %9d %+7.2f%% %8.1f %8.1f" % (
                os.path.basename(photo)[-28:], before, 100 * (size / before - 1), decode, encode)
            if others:
                both = statistics.median(others)
                line += " %8.1f %6.2f" % (both, (decode + encode) / both)
            print(line, flush=True)


if __name__ == "__main__":
    main()
