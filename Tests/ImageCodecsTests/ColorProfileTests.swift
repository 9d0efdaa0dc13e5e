import Photos
import Tensors
import Testing

@testable import ImageCodecs

/// Colour profiles beside what Little CMS makes of the same colours.
@Suite struct ColorProfileTests {
  /// A colour in a profile's space, and in sRGB.
  struct Sample {
    var color: [UInt8]
    var seen: [UInt8]
  }

  private func samples(of profile: String) -> [Sample] {
    String(decoding: Fixture.bytes("Colors.txt"), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: " ") }.filter { $0[0] == profile }
      .map { line in
        let numbers = line.dropFirst().compactMap { UInt8($0) }
        return Sample(color: Array(numbers[..<3]), seen: Array(numbers[3...]))
      }
  }

  private func picture(_ colors: [[UInt8]]) -> Tensor<UInt8> {
    var pixels = Tensor<UInt8>(height: 1, width: colors.count, channels: 3, repeating: 0)
    for (x, color) in colors.enumerated() {
      for c in 0..<3 { pixels[0, x, c] = color[c] }
    }
    return pixels
  }

  @Test(arguments: [
    "display-p3", "adobe-rgb", "prophoto", "wide-table", "grey-gamma18", "grey-linear",
  ])
  func colorsAreThoseOfTheOtherReader(name: String) throws {
    let transform = try #require(ICCProfile.transform(Fixture.bytes("\(name).icc")))
    let samples = samples(of: name)
    #expect(samples.count > 50)
    var pixels = picture(samples.map(\.color))
    transform.convertToSRGB(&pixels)
    for (x, sample) in samples.enumerated() {
      for c in 0..<3 {
        let difference = abs(Int(pixels[0, x, c]) - Int(sample.seen[c]))
        // In the darkest light the other reader's own tables are coarse.
        let tolerance = sample.color.contains { $0 > 9 } ? 2 : 8
        #expect(
          difference <= tolerance, "\(sample.color) became \(pixels[0, x, c]), not \(sample.seen)")
      }
    }
    #expect(transform.largestChange > 10)
  }

  @Test(arguments: ["display-p3", "adobe-rgb", "wide-table", "grey-gamma18"])
  func theWayBackLeadsToTheSameColors(name: String) throws {
    let transform = try #require(ICCProfile.transform(Fixture.bytes("\(name).icc")))
    // Colours that sRGB holds in any case, and not so dark that 8 bits run together.
    let colors: [[UInt8]] = [[128, 120, 110], [200, 210, 190], [90, 100, 95], [255, 255, 255]]
    var pixels = picture(colors)
    transform.convertToSRGB(&pixels)
    transform.convertFromSRGB(&pixels)
    for (x, color) in colors.enumerated() {
      for c in 0..<3 { #expect(abs(Int(pixels[0, x, c]) - Int(color[c])) <= 2, "\(color)") }
    }
  }

  @Test func whatIsAsGoodAsSRGBIsNotConverted() {
    #expect(ICCProfile.transform(Fixture.bytes("srgb.icc")) == nil)
  }

  @Test func profilesOfOtherKindsAndDamagedOnesAreLeft() {
    let profile = Fixture.bytes("display-p3.icc")
    #expect(ICCProfile.transform([]) == nil)
    for length in stride(from: 0, to: profile.count, by: 3) {
      _ = ICCProfile.transform(Array(profile[..<length]))
    }
    var printer = profile
    printer.replaceSubrange(16..<20, with: "CMYK".utf8)
    #expect(ICCProfile.transform(printer) == nil)
    var state: UInt64 = 7
    for _ in 0..<2_000 {
      var changed = profile
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        changed[Int(state >> 33) % changed.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      _ = ICCProfile.transform(changed)
    }
  }

  /// A file's profile is found in all its segments, and stays in the result.
  @Test func aProfileIsReadFromAJPEG() throws {
    let profile = Fixture.bytes("display-p3.icc")
    let plain = Fixture.bytes("ycc420-baseline.jpg")
    func segment(_ part: ArraySlice<UInt8>, _ number: UInt8) -> [UInt8] {
      let contents = Array("ICC_PROFILE\0".utf8) + [number, 2] + part
      return [0xFF, 0xE2, UInt8((contents.count + 2) >> 8), UInt8((contents.count + 2) & 255)]
        + contents
    }
    let bytes =
      plain[..<2] + segment(profile[200...], 2) + segment(profile[..<200], 1) + plain[2...]
    var decoded = try decode(Array(bytes), name: "a.jpg")
    #expect(decoded.photo.color == ICCProfile.transform(profile))
    #expect(try decode(plain, name: "a.jpg").photo.color == nil)
    let mask = Hole.middle.mask(width: decoded.photo.width, height: decoded.photo.height)
    paint(&decoded.photo, where: mask)
    let result = try encode(decoded.photo, changed: mask, over: decoded.source)
    #expect(JPEGFile(result.bytes).profile(in: result.bytes) == profile)
  }

  /// In a PNG the profile is packed; `stored` deflate blocks need no packer here.
  @Test func aProfileIsReadFromAPNG() throws {
    let profile = Fixture.bytes("adobe-rgb.icc")
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in profile {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    let count = profile.count
    let sum = [b >> 8, b & 255, a >> 8, a & 255].map { UInt8($0) }
    let packed =
      [0x78, 0x01, 1, UInt8(count & 255), UInt8(count >> 8)]
      + [UInt8(~count & 255), UInt8(~count >> 8 & 255)] + profile + sum
    var bytes = Array(Fixture.bytes("rgb8.png")[..<33])
    PNGOutput.append("iCCP", Array("wide\0\0".utf8) + packed, to: &bytes)
    bytes += Fixture.bytes("rgb8.png")[33...]
    let decoded = try decode(bytes, name: "a.png")
    #expect(decoded.photo.color == ICCProfile.transform(profile) && decoded.photo.color != nil)
  }
}
