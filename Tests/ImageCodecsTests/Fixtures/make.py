#!/usr/bin/env python3
"""Makes the fixtures of the codec tests, and what independent programs say of them.

Needs cjpeg, djpeg and jpegtran (libjpeg-turbo-progs), convert (imagemagick), exiftool
(libimage-exiftool-perl) and Pillow with Little CMS. The PNG files are written here, by an encoder that shares nothing with libpng,
from samples that are known.

JPEG.txt   one line a file:  name width height crc32-of-the-RGB-pixels-by-djpeg  (- for CMYK)
PNG.txt    one line a file:  name width height crc32-of-the-RGB-pixels crc32-of-the-file's-own-samples
Colors.txt one line a colour:  name-of-the-profile red green blue, and red green blue in sRGB
"""

import os
import struct
import subprocess
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


class Random:
    """A generator that gives the same numbers everywhere."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
        return (self.state >> 33) % n


def scene(width, height, seed=1):
    """RGB rows with gradients, edges and a little noise."""
    random = Random(seed)
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            r = 40 + 170 * x // max(width, 1)
            g = 60 + 120 * y // max(height, 1)
            b = 200 - 150 * (x + y) // max(width + height, 1)
            if (x - width // 3) ** 2 + (y - height // 2) ** 2 < (height // 4) ** 2:
                r, g, b = 220, 50, 40
            if x > width * 2 // 3 and (x // 5 + y // 7) % 2:
                r, g, b = 30, 90, 60
            row.append(tuple(max(0, min(255, v + random.below(13) - 6)) for v in (r, g, b)))
        rows.append(row)
    return rows


def ppm(rows):
    return b"P6 %d %d 255\n" % (len(rows[0]), len(rows)) + bytes(
        v for row in rows for p in row for v in p)


def pgm(rows):
    return b"P5 %d %d 255\n" % (len(rows[0]), len(rows)) + bytes(
        (299 * p[0] + 587 * p[1] + 114 * p[2]) // 1000 for row in rows for p in row)


def run(*command, data=None):
    done = subprocess.run(command, input=data, stdout=subprocess.PIPE)
    if done.returncode not in (0, 2):  # 2: djpeg warned
        raise SystemExit(f"{command} failed")
    return done.stdout


def save(name, data):
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)


# JPEG

lines = []


def jpeg(name, data, expect=True):
    name += ".jpg"
    save(name, data)
    if expect:
        out = run("djpeg", "-rgb", data=data)
        magic, width, height, top = out.split(None, 4)[:4]
        pixels = out[-int(width) * int(height) * (3 if magic == b"P6" else 1):]
        if magic == b"P5":
            pixels = bytes(v for v in pixels for _ in range(3))
        lines.append("%s %d %d %08x" % (name, int(width), int(height), zlib.crc32(pixels)))
    else:
        width, height = run("identify", "-format", "%w %h", os.path.join(HERE, name)).split()
        lines.append("%s %d %d -" % (name, int(width), int(height)))


def with_segments(data, *segments):
    """Puts segments behind the start-of-image marker (and a JFIF one)."""
    at = 2
    if data[2:4] == b"\xff\xe0":
        at = 4 + struct.unpack(">H", data[4:6])[0]
    return data[:at] + b"".join(
        b"\xff" + bytes([m]) + struct.pack(">H", len(c) + 2) + c for m, c in segments) + data[at:]


def tiff(little, orientation, thumbnail=None):
    """EXIF with a camera's name, an orientation, a GPS position and perhaps a thumbnail."""
    o = "<" if little else ">"
    entries0 = [(0x010F, 2, b"Efface\0\0"), (0x0112, 3, orientation), (0x8825, 4, None)]
    head = (b"II*\0" if little else b"MM\0*") + struct.pack(o + "I", 8)
    gps = [(0x0001, 2, b"N\0\0\0"), (0x0003, 2, b"E\0\0\0")]
    base1 = 8 + 2 + 12 * 3 + 4
    make_at = base1
    gps_at = make_at + 8
    ifd1_at = gps_at + 2 + 12 * 2 + 4
    body = struct.pack(o + "H", 3)
    body += struct.pack(o + "HHII", 0x010F, 2, 7, make_at)
    body += struct.pack(o + "HHIHH", 0x0112, 3, 1, orientation, 0)
    body += struct.pack(o + "HHII", 0x8825, 4, 1, gps_at)
    body += struct.pack(o + "I", ifd1_at if thumbnail else 0)
    body += b"Efface\0\0"
    body += struct.pack(o + "H", 2)
    for tag, kind, value in gps:
        body += struct.pack(o + "HHI", tag, kind, 2) + value
    body += struct.pack(o + "I", 0)
    if thumbnail:
        data_at = ifd1_at + 2 + 12 * 3 + 4
        body += struct.pack(o + "H", 3)
        body += struct.pack(o + "HHIHH", 0x0103, 3, 1, 6, 0)
        body += struct.pack(o + "HHII", 0x0201, 4, 1, data_at)
        body += struct.pack(o + "HHII", 0x0202, 4, 1, len(thumbnail))
        body += struct.pack(o + "I", 0) + thumbnail
    return b"Exif\0\0" + head + body


def make_jpegs():
    big, aligned = scene(101, 75), scene(96, 64, 2)
    color, grey = ppm(big), pgm(big)
    samplings = {"444": "1x1", "422": "2x1", "420": "2x2", "440": "1x2", "411": "4x1",
                 "410": "4x2"}
    kinds = {"baseline": [], "optimized": ["-optimize"], "progressive": ["-progressive"],
             "restart": ["-restart", "3B"], "arithmetic": ["-arithmetic"]}
    for s, factors in samplings.items():
        for k, options in kinds.items():
            jpeg(f"ycc{s}-{k}", run("cjpeg", "-sample", factors, *options, data=color))
    for k, options in kinds.items():
        jpeg(f"grey-{k}", run("cjpeg", "-grayscale", *options, data=grey))
        if k != "optimized":
            jpeg(f"rgb-{k}", run("cjpeg", "-rgb", *options, data=color))
    jpeg("grey-sampled2x2", run("cjpeg", "-grayscale", "-sample", "2x2", data=grey))
    jpeg("rgb-subsampled", run("cjpeg", "-rgb", "-sample", "2x2", data=color))
    jpeg("ycc420-aligned", run("cjpeg", data=ppm(aligned)))
    jpeg("ycc420-aligned-progressive", run("cjpeg", "-progressive", data=ppm(aligned)))
    jpeg("ycc-odd-factors", run("cjpeg", "-sample", "2x2,2x1,1x1", data=color))
    jpeg("ycc-fine-chroma", run("cjpeg", "-sample", "1x1,2x2,2x2", data=color))
    for w, h in ((1, 1), (7, 3), (17, 33), (16, 16), (200, 9)):
        jpeg(f"ycc420-{w}x{h}", run("cjpeg", data=ppm(scene(w, h, w))))
    for q in (1, 25, 100):
        jpeg(f"ycc420-quality{q}", run("cjpeg", "-quality", str(q), data=color))
    jpeg("ycc420-16bit-tables", run("cjpeg", "-quality", "2", data=color))
    jpeg("ycc444-separate-tables",
         run("cjpeg", "-quality", "90,50", "-qslots", "1,0,0", "-sample", "1x1", data=color))
    jpeg("ycc420-restart-rows-progressive",
         run("cjpeg", "-progressive", "-restart", "1", data=color))
    jpeg("ycc420-arithmetic-progressive",
         run("cjpeg", "-progressive", "-arithmetic", data=color))
    scripts = {
        "separate-scans": "0;\n1;\n2;\n",
        "separate-scans-mixed": "0;\n1 2;\n",
        "spectral-only": "0 1 2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n",
        "successive": "0 1 2: 0-0, 0, 2;\n0: 1-5, 0, 2;\n2: 1-63, 0, 1;\n1: 1-63, 0, 1;\n"
                      "0: 6-63, 0, 2;\n0: 1-63, 2, 1;\n0 1 2: 0-0, 2, 1;\n0 1 2: 0-0, 1, 0;\n"
                      "2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n0: 1-63, 1, 0;\n",
        "unfinished": "0 1 2: 0-0, 0, 1;\n0: 1-63, 0, 1;\n1: 1-9, 0, 0;\n2: 1-9, 0, 0;\n",
    }
    for name, script in scripts.items():
        with tempfile.NamedTemporaryFile("w", suffix=".scans") as file:
            file.write(script)
            file.flush()
            jpeg(f"ycc420-{name}", run("cjpeg", "-scans", file.name, data=color))
    for model, options in {"cmyk": [], "cmyk-progressive": ["-interlace", "JPEG"],
                           "cmyk-420": ["-sampling-factor", "2x2"]}.items():
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.jpg")
            run("convert", "ppm:-", "-colorspace", "CMYK", "-quality", "85", *options, path,
                data=color)
            with open(path, "rb") as file:
                jpeg(model, file.read(), expect=False)

    # Metadata of every kind, in an order of its own.
    plain = run("cjpeg", "-quality", "85", data=color)
    thumbnail = run("cjpeg", "-quality", "60", data=ppm([row[::2] for row in big[::2]]))
    exif = tiff(True, 6, thumbnail)
    icc = [(0xE2, b"ICC_PROFILE\0" + bytes([n, 2]) + bytes(Random(n).below(256)
                                                           for _ in range(1)) * 200)
           for n in (1, 2)]
    xmp = (0xE1, b"http://ns.adobe.com/xap/1.0/\0<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>"
           b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf="
           b"'http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''"
           b" xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:format>image/jpeg</dc:format>"
           b"</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>")
    iptc_data = b"\x1c\x02\x78\x00\x05Lakes"
    iptc_data += b"\0" * (len(iptc_data) % 2)
    iptc = (0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc_data))
            + iptc_data)
    every = [(0xFE, b"first words"), (0xE1, exif), xmp, *icc, iptc, (0xEB, b"\0\1\2\xff\xd8\xff"),
             (0xFE, b"last words")]
    jpeg("metadata", with_segments(plain, *every))
    progressive = run("cjpeg", "-progressive", data=color)
    jpeg("metadata-progressive", with_segments(progressive, *every))
    for orientation in range(1, 9):
        jpeg(f"orientation{orientation}",
             with_segments(run("cjpeg", data=ppm(scene(24, 16))),
                           (0xE1, tiff(orientation % 2 == 0, orientation))))
    # Harmless oddities: fill bytes before a marker, bytes behind the end, no end marker at all.
    jpeg("fill-bytes", plain[:2] + b"\xff\xff\xff" + plain[2:])
    jpeg("bytes-behind", plain + b"\xff\xd8\xff\xe0more than a picture")
    jpeg("no-end-marker", plain[:-2])


# PNG


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rows, bpp, random):
    """Rows of bytes with a filter of each type in turn."""
    out = bytearray()
    previous = None
    for row in rows:
        kind = random.below(5)
        out.append(kind)
        for i, v in enumerate(row):
            a = row[i - bpp] if i >= bpp else 0
            b = previous[i] if previous else 0
            c = previous[i - bpp] if previous and i >= bpp else 0
            out.append((v - (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255)
        previous = row
    return bytes(out)


def packed(row, depth):
    """Samples of a row as the file has them."""
    if depth == 16:
        return b"".join(struct.pack(">H", v) for v in row)
    if depth == 8:
        return bytes(row)
    out, bits, count = bytearray(), 0, 0
    for v in row:
        bits, count = bits << depth | v, count + depth
        if count == 8:
            out.append(bits)
            bits = count = 0
    if count:
        out.append(bits << 8 - count & 255)
    return bytes(out)


PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2))


def png(name, rows, depth, kind, rgb, interlaced=False, before=(), middle=(), after=()):
    """Writes a file from pixels (tuples of samples) and notes what must come out of it."""
    width, height = len(rows[0]), len(rows)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    bpp = max(1, channels * depth // 8)
    random = Random(width + depth + kind)
    parts = []
    if interlaced:
        for x0, y0, dx, dy in PASSES:
            grid = [row[x0::dx] for row in rows[y0::dy]]
            if grid and grid[0]:
                parts.append(filtered([packed([v for p in r for v in p], depth) for r in grid],
                                      bpp, random))
    else:
        parts.append(filtered([packed([v for p in r for v in p], depth) for r in rows], bpp,
                              random))
    data = zlib.compress(b"".join(parts), 9)
    half = len(data) // 2
    file = b"\x89PNG\r\n\x1a\n"
    file += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
    for part in before + tuple(middle):
        file += chunk(*part)
    file += chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:])
    for part in after:
        file += chunk(*part)
    file += chunk(b"IEND", b"")
    save(name + ".png", file)
    native = b"".join(
        struct.pack(">H", v) if depth == 16 else bytes([v]) for r in rows for p in r for v in p)
    shown = bytes(v for r in rows for p in r for v in rgb(p))
    png_lines.append("%s.png %d %d %08x %08x"
                     % (name, width, height, zlib.crc32(shown), zlib.crc32(native)))


png_lines = []


def make_pngs():
    width, height = 45, 31
    base = scene(width, height, 3)
    random = Random(9)

    def deep(v, depth):
        return v * 257 // 1 ^ random.below(256) if depth == 16 else v * ((1 << depth) - 1) // 255

    def byte(v, depth):
        return (v * 255 + 32767) // 65535 if depth == 16 else v * 255 // ((1 << depth) - 1)

    def grey(p):
        return (299 * p[0] + 587 * p[1] + 114 * p[2]) // 1000

    def alpha(x, y):
        return 0 if x < 6 else 255 if x > 20 else (x * 11 + y) % 256

    for interlaced in (False, True):
        suffix = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            rows = [[(deep(grey(p), depth),) for p in row] for row in base]
            png(f"grey{depth}{suffix}", rows, depth, 0, lambda p: [byte(p[0], depth)] * 3,
                interlaced)
            key = rows[height // 2][width // 3]
            png(f"grey{depth}-key{suffix}", rows, depth, 0, lambda p: [byte(p[0], depth)] * 3,
                interlaced, before=((b"tRNS", struct.pack(">H", key[0])),))
        for depth in (8, 16):
            rows = [[tuple(deep(v, depth) for v in p) for p in row] for row in base]
            png(f"rgb{depth}{suffix}", rows, depth, 2, lambda p: [byte(v, depth) for v in p],
                interlaced)
            key = rows[height // 2][width // 3]
            png(f"rgb{depth}-key{suffix}", rows, depth, 2, lambda p: [byte(v, depth) for v in p],
                interlaced, before=((b"tRNS", struct.pack(">HHH", *key)),))
            rows = [[tuple(deep(v, depth) for v in p) + (deep(alpha(x, y), depth),)
                     for x, p in enumerate(row)] for y, row in enumerate(base)]
            png(f"rgba{depth}{suffix}", rows, depth, 6, lambda p: [byte(v, depth) for v in p[:3]],
                interlaced)
            rows = [[(deep(grey(p), depth), deep(alpha(x, y), depth))
                     for x, p in enumerate(row)] for y, row in enumerate(base)]
            png(f"greya{depth}{suffix}", rows, depth, 4, lambda p: [byte(p[0], depth)] * 3,
                interlaced)
        for depth in (1, 2, 4, 8):
            count = min(1 << depth, 200)
            colors = [(i * 255 // max(count - 1, 1), (i * 97) % 256, 255 - i * 3 % 256)
                      for i in range(count)]
            rows = [[((p[0] + x // 9) * count // 300 % count,) for x, p in enumerate(row)]
                    for row in base]
            palette = (b"PLTE", bytes(v for c in colors for v in c))
            png(f"palette{depth}{suffix}", rows, depth, 3, lambda p: colors[p[0]], interlaced,
                before=(palette,))
            see = (b"tRNS", bytes((i * 83) % 256 for i in range(max(1, count // 2))))
            png(f"palette{depth}-alpha{suffix}", rows, depth, 3, lambda p: colors[p[0]],
                interlaced, before=(palette, see))
    full = [(i, (i * 97) % 256, (i * 31) % 256) for i in range(256)]
    rows = [[((x * 7 + y * 11) % 256,) for x in range(width)] for y in range(height)]
    palette = (b"PLTE", bytes(v for c in full for v in c))
    png("palette-full", rows, 8, 3, lambda p: full[p[0]], before=(palette,),
        middle=((b"bKGD", b"\x05"), (b"hIST", bytes(512)), (b"sBIT", b"\x08\x08\x08")))
    ramp = [(i, i, i) for i in range(0, 256, 2)]
    rows = [[((x * 2 + y) % 128,) for x in range(width)] for y in range(height)]
    png("palette-grey", rows, 8, 3, lambda p: ramp[p[0]],
        before=((b"PLTE", bytes(v for c in ramp for v in c)),))

    # Every ancillary chunk of the standard, and some that nobody knows.
    rows = base
    icc = b"a profile\0\0" + zlib.compress(b"not a real profile, and kept all the same")
    png("chunks", rows, 8, 2, lambda p: p,
        before=((b"tIME", struct.pack(">HBBBBB", 2026, 1, 2, 3, 4, 5)),
                (b"gAMA", struct.pack(">I", 45455)),
                (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000,
                                      6000)),
                (b"sBIT", b"\x08\x08\x08"), (b"iCCP", icc), (b"cICP", b"\x01\x0d\x00\x01")),
        middle=((b"bKGD", b"\0\1\0\2\0\3"), (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
                (b"eXIf", tiff(False, 3)[6:]), (b"teSt", b"kept, whatever it is"),
                (b"tEXt", b"Title\0before")),
        after=((b"zTXt", b"Comment\0\0" + zlib.compress(b"squeezed")),
               (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"), (b"tEXt", b"Author\0after"),
               (b"prVt", bytes(range(256)))))
    png("one-pixel", [[(1, 2, 3)]], 8, 2, lambda p: p)
    png("tall", [[(y * 3, 9, y)] for y in range(80)], 8, 2, lambda p: p, True)


# Colour profiles

def fixed(value):
    return struct.pack(">i", round(value * 65536))


def curve(*table):
    return b"curv" + bytes(4) + struct.pack(">I%dH" % len(table), len(table), *table)


def parametric(kind, *values):
    return b"para" + bytes(4) + struct.pack(">HH", kind, 0) + b"".join(map(fixed, values))


def xyz(*values):
    return b"XYZ " + bytes(4) + b"".join(map(fixed, values))


def profile(space, **tags):
    """An ICC profile, version 4, of a display whose colours are `tags`."""
    tags = {"desc": b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2, 28) + b"\0e",
            "wtpt": xyz(0.9642, 1, 0.8249), **tags}
    data, entries, at = b"", b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        entries += struct.pack(">4sII", name.encode(), at + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", at + len(data), b"\0\0\0\0", 0x04200000, b"mntr", space, b"XYZ ",
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp")
    header += bytes(68 - len(header)) + fixed(0.9642) + fixed(1) + fixed(0.8249)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + entries + data


def rgb_profile(red, green, blue, tone):
    return profile(b"RGB ", rXYZ=xyz(*red), gXYZ=xyz(*green), bXYZ=xyz(*blue), rTRC=tone, gTRC=tone,
                   bTRC=tone)


def make_profiles():
    """Profiles, and what Little CMS makes of some colours: relative colorimetric, to sRGB."""
    from PIL import Image, ImageCms
    import io
    srgb_tone = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    wide = (0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)
    profiles = {
        "display-p3": rgb_profile(*wide, srgb_tone),
        "adobe-rgb": rgb_profile(
            (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457),
            curve(563)),
        "prophoto": rgb_profile(
            (0.79767, 0.28804, 0), (0.13519, 0.71188, 0), (0.03134, 0.00009, 0.82491), curve(461)),
        "wide-table": rgb_profile(
            *wide, curve(*(round(65535 * (i / 99) ** 1.6) for i in range(100)))),
        "grey-gamma18": profile(b"GRAY", kTRC=curve(461)),
        "grey-linear": profile(b"GRAY", kTRC=curve()),
        "srgb": rgb_profile(
            (0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410),
            srgb_tone),
    }
    target = ImageCms.createProfile("sRGB")
    steps = (0, 20, 60, 128, 200, 255)
    lines = []
    for name, data in profiles.items():
        save(name + ".icc", data)
        source = ImageCms.ImageCmsProfile(io.BytesIO(data))
        grey = name.startswith("grey")
        colors = [(v, v, v) for v in range(0, 256, 5)] if grey else [
            (r, g, b) for r in steps for g in steps for b in steps]
        image = Image.new("L" if grey else "RGB", (len(colors), 1))
        image.putdata([c[0] for c in colors] if grey else colors)
        transform = ImageCms.buildTransform(
            source, target, image.mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
        for color, seen in zip(colors, ImageCms.applyTransform(image, transform).getdata()):
            lines.append("%s %d %d %d %d %d %d\n" % (name, *color, *seen))
    save("Colors.txt", "".join(lines).encode())


if __name__ == "__main__":
    for old in os.listdir(HERE):
        if old.endswith((".jpg", ".png")) and not old.startswith("crasher"):
            os.remove(os.path.join(HERE, old))
    make_jpegs()
    make_pngs()
    make_profiles()
    save("JPEG.txt", "".join(line + "\n" for line in sorted(lines)).encode())
    save("PNG.txt", "".join(line + "\n" for line in sorted(png_lines)).encode())
