import CImageCodecs
import Photos
import Tensors
import Testing

@testable import ImageCodecs

@Suite struct DecodingTests {
  /// A test of an empty list's files would pass without one.
  @Test func theListsOfFilesAreThere() {
    #expect(!Fixture.jpegs.isEmpty && !Fixture.pngs.isEmpty)
  }

  @Test(arguments: Fixture.jpegs) func jpegPixelsAreTheOtherDecoders(fixture: Fixture) throws {
    let decoded = try decode(fixture.bytes, name: fixture.name)
    #expect(decoded.source.format == .jpeg && decoded.source.nameRemark == nil)
    #expect(decoded.photo.width == fixture.width && decoded.photo.height == fixture.height)
    if let pixels = fixture.pixels { #expect(checksum(decoded.photo.pixels) == pixels) }
  }

  @Test(arguments: Fixture.pngs) func pngSamplesAreWhatWasWritten(fixture: Fixture) throws {
    let bytes = fixture.bytes
    let decoded = try decode(bytes, name: fixture.name)
    #expect(decoded.photo.width == fixture.width && decoded.photo.height == fixture.height)
    #expect(checksum(decoded.photo.pixels) == fixture.pixels)
    #expect(checksum(try nativeSamples(bytes)) == fixture.samples)
  }

  @Test func cmykComesCloseToTheScene() throws {
    let scene = try decode(Fixture.bytes("ycc444-baseline.jpg"), name: "a.jpg")
    for name in ["cmyk", "cmyk-420", "cmyk-progressive"] {
      let cmyk = try decode(Fixture.bytes("\(name).jpg"), name: "a.jpg")
      var sum = 0
      for i in 0..<scene.photo.pixels.count {
        sum += abs(Int(scene.photo.pixels.span[i]) - Int(cmyk.photo.pixels.span[i]))
      }
      #expect(Double(sum) / Double(scene.photo.pixels.count) < 12, "\(name)")
    }
  }

  @Test(arguments: 1...8) func orientationIsRead(value: Int) throws {
    let decoded = try decode(Fixture.bytes("orientation\(value).jpg"), name: "a.jpg")
    #expect(decoded.photo.orientation.rawValue == value)
    #expect(decoded.source.orientation.rawValue == value)
    #expect(decoded.photo.width == 24 && decoded.photo.height == 16)
  }

  @Test func orientationIsReadFromPNG() throws {
    #expect(try decode(Fixture.bytes("chunks.png"), name: "").source.orientation == .down)
  }

  @Test func theContentDecidesWhatTheFileIs() throws {
    let decoded = try decode(Fixture.bytes("rgb8.png"), name: "Holiday.JPG")
    #expect(decoded.source.format == .png)
    #expect(decoded.source.nameRemark == "the name says JPEG, but the content is PNG")
  }

  @Test func aMaskIsItsLuminanceTimesItsAlpha() throws {
    let mask = try decodeMask(Fixture.bytes("rgba8.png"), name: "mask.png")
    let photo = try decode(Fixture.bytes("rgba8.png"), name: "").photo.pixels.copy()
    let native = try nativeSamples(Fixture.bytes("rgba8.png"))
    for y in 0..<photo.height {
      for x in 0..<photo.width {
        let luminance =
          0.299 * Double(photo[y, x, 0]) + 0.587 * Double(photo[y, x, 1])
          + 0.114 * Double(photo[y, x, 2])
        let expected = luminance * Double(native[y, x, 3]) / 255
        #expect(abs(Double(mask.values[y, x]) - expected) < 1.6)
      }
    }
  }

  @Test(arguments: ["grey1", "grey1-interlaced", "grey2", "grey8", "grey16", "rgb8", "palette4"])
  func aMaskWithoutTransparencyIsItsLuminance(name: String) throws {
    let bytes = Fixture.bytes("\(name).png")
    let mask = try decodeMask(bytes, name: "mask.png")
    let photo = try decode(bytes, name: "").photo.pixels.copy()
    #expect(mask.width == photo.width && mask.height == photo.height)
    for y in 0..<photo.height {
      for x in 0..<photo.width {
        let expected =
          0.299 * Double(photo[y, x, 0]) + 0.587 * Double(photo[y, x, 1])
          + 0.114 * Double(photo[y, x, 2])
        #expect(abs(Double(mask.values[y, x]) - expected) < 1.1, "\(x), \(y)")
      }
    }
  }

  @Test func aMaskStandsUpright() throws {
    let stored = try decode(Fixture.bytes("orientation6.jpg"), name: "")
    let mask = try decodeMask(Fixture.bytes("orientation6.jpg"), name: "")
    #expect(mask.width == 16 && mask.height == 24)
    for (x, y) in [(0, 0), (15, 0), (3, 20)] {
      let at = Orientation.right.stored(x: x, y: y, width: 24, height: 16)
      let p = (0..<3).map { Double(stored.photo.pixels[at.y, at.x, $0]) }
      let luminance = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]
      #expect(abs(Double(mask.values[y, x]) - luminance) < 1)
    }
  }
}

/// The file's own samples, as the C wall reads them.
func nativeSamples(_ bytes: [UInt8]) throws -> Tensor<UInt8> {
  let file = try PNGFile(bytes)
  return try samples(
    of: file, in: bytes, layout: EFI_PNG_NATIVE,
    channels: file.channels * (file.info.depth == 16 ? 2 : 1))
}
