import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct NewPictureTests {
  /// A picture with soft gradients, so that JPEG keeps it well.
  static func picture(width: Int, height: Int, channels: Int) -> Tensor<UInt8> {
    var pixels = Tensor<UInt8>(height: height, width: width, channels: channels, repeating: 0)
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels { pixels[y, x, c] = UInt8((x * (c + 1) + y * 2 + 40 * c) % 256 / 2) }
      }
    }
    return pixels
  }

  @Test(arguments: [1, 3]) func pngGivesBackEverySample(channels: Int) throws {
    let pixels = Self.picture(width: 33, height: 17, channels: channels)
    let file = try encodeNew(pixels: pixels, format: .png)
    let decoded = try decode(file, name: "a.png")
    #expect(decoded.source.nameRemark == nil)
    for y in 0..<17 {
      for x in 0..<33 {
        for c in 0..<3 {
          #expect(decoded.photo.pixels[y, x, c] == pixels[y, x, channels == 1 ? 0 : c])
        }
      }
    }
  }

  @Test(arguments: [1, 3], [60, 95]) func jpegComesClose(channels: Int, quality: Int) throws {
    let pixels = Self.picture(width: 50, height: 40, channels: channels)
    let decoded = try decode(
      encodeNew(pixels: pixels, format: .jpeg, quality: quality), name: "a.jpg")
    var worst = 0
    for y in 0..<40 {
      for x in 0..<50 {
        for c in 0..<3 {
          let expected = Int(pixels[y, x, channels == 1 ? 0 : c])
          worst = max(worst, abs(Int(decoded.photo.pixels[y, x, c]) - expected))
        }
      }
    }
    #expect(worst < (quality == 95 ? 60 : 120))
  }

  /// What is refused is told with what one can do: a photo's result has the photo's format.
  @Test func whatCannotBeWrittenIsToldWithARemedy() {
    let long = Tensor<UInt8>(height: 1, width: 65_501, channels: 1, repeating: 0)
    #expect { try encodeNew(pixels: long, format: .jpeg) } throws: {
      "\($0)" == """
        the result cannot be written as JPEG (a side is longer than 65500 pixels): convert the photo \
        to PNG first, or name a picture that is not the photo .png
        """
    }
    #expect(throws: Never.self) { try encodeNew(pixels: long, format: .png) }
    let none = Tensor<UInt8>(height: 0, width: 5, channels: 1, repeating: 0)
    #expect { try encodeNew(pixels: none, format: .png) } throws: {
      "\($0)".hasSuffix("(it has no pixels): convert the photo to JPEG first")
    }
  }

  @Test(arguments: [ImageFormat.jpeg, .png]) func anEditReplacesOnlyWhatChanged(
    format: ImageFormat
  ) throws {
    let pixels = Self.picture(width: 100, height: 80, channels: 3)
    var decoded = try decode(encodeNew(pixels: pixels, format: format), name: "a")
    let before = decoded.photo.pixels.copy()
    var mask = Mask(width: 100, height: 80)
    for y in 32..<48 {
      for x in 32..<48 {
        mask.values[y, x] = 255
        for c in 0..<3 { decoded.photo.pixels[y, x, c] = 200 }
      }
    }
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    let after = try decode(result.bytes, name: "a")
    for y in 0..<80 {
      for x in 0..<100 {
        for c in 0..<3 {
          if mask.values[y, x] != 0 {
            #expect(abs(Int(after.photo.pixels[y, x, c]) - 200) < 40)
          } else if !(31...48).contains(x) || !(31...48).contains(y) {
            #expect(after.photo.pixels[y, x, c] == before[y, x, c])
          }
        }
      }
    }
    if format == .jpeg { #expect(result.replacedBlocks == 6) }
  }
}
