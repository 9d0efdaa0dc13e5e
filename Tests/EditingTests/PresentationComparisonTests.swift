import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@testable import Editing

@Suite struct ComparisonTests {
  @Test func theSheetHasBothSideBySide() {
    let before = Pictures.scene(width: 90, height: 60, ball: true)
    let after = Pictures.scene(width: 90, height: 60, ball: false)
    let sheet = Comparison.sideBySide(before: before, after: after)
    #expect(sheet.height == 60)
    #expect(sheet.width == 90 + 2 + 90)
    #expect(before[30, 55, 0] != after[30, 55, 0])
    #expect(sheet[30, 55, 0] == before[30, 55, 0] && sheet[30, 147, 0] == after[30, 55, 0])
    #expect([sheet[0, 90, 0], sheet[59, 91, 2]] == [128, 128])
  }

  @Test(arguments: [(900, 300), (300, 900), (2000, 2), (2, 2000), (1, 1)])
  func theSheetIsBounded(width: Int, height: Int) {
    let sheet = Comparison.sideBySide(
      before: Pictures.scene(width: width, height: height, ball: true),
      after: Pictures.scene(width: width, height: height, ball: false), longSide: 500)
    #expect(max(sheet.width, sheet.height) <= 500)
    #expect(min(sheet.width, sheet.height) >= 1)
  }

  @Test func theLongSideIsBounded() {
    let gif = Comparison.blinkGIF(
      before: Pictures.scene(width: 300, height: 200, ball: true),
      after: Pictures.scene(width: 300, height: 200, ball: false), longSide: 150)
    #expect(gif[6] == 150 && gif[8] == 100)
  }

  @Test func theSliderIsOneSafeFile() throws {
    let page = try Comparison.sliderHTML(
      before: Pictures.scene(width: 64, height: 48, ball: true),
      after: Pictures.scene(width: 64, height: 48, ball: false),
      title: "</title><script>alert(1)</script>\"'.jpg")
    #expect(!page.contains("<script>alert"))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;.jpg"))
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(page.components(separatedBy: "data:image/jpeg;base64,").count == 3)
  }
}

@Suite struct GIFTests {
  /// The frames as ImageMagick sees them, RGB.
  private func frames(_ gif: [UInt8], with program: Program) throws -> [[UInt8]] {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("a.gif")
      try Data(gif).write(to: file)
      let size = Int(gif[6]) | Int(gif[7]) << 8
      let height = Int(gif[8]) | Int(gif[9]) << 8
      let pixels = try program.run([file.path, "-coalesce", "-depth", "8", "rgb:-"])
      let bytes = size * height * 3
      return stride(from: 0, to: pixels.count, by: bytes).map {
        Array(pixels[$0..<min($0 + bytes, pixels.count)])
      }
    }
  }

  static let magick = Program("magick", "convert")

  @Test(
    .enabled(if: magick != nil, "ImageMagick is not installed"),
    arguments: [(1, 1), (2, 3), (257, 129), (640, 400)])
  func aSecondDecoderSeesBothPictures(width: Int, height: Int) throws {
    let program = try #require(Self.magick)
    let before = Pictures.scene(width: width, height: height, ball: true)
    let after = Pictures.scene(width: width, height: height, ball: false)
    let decoded = try frames(Comparison.blinkGIF(before: before, after: after), with: program)
    try #require(decoded.count == 2)
    for (frame, isFirst) in [(decoded[0], true), (decoded[1], false)] {
      try #require(frame.count == width * height * 3)
      var total = 0
      for index in frame.indices {
        let (y, x, c) = (index / 3 / width, index / 3 % width, index % 3)
        total += abs(Int(frame[index]) - Int(isFirst ? before[y, x, c] : after[y, x, c]))
      }
      #expect(Double(total) / Double(frame.count) < 6)
    }
    // Outside the ball not a pixel blinks.
    let box = Pictures.ball(width: width, height: height)
    let blinks = (0..<width * height).contains { pixel in
      let inside =
        (box.x..<box.maxX).contains(pixel % width)
        && (box.y..<box.maxY).contains(pixel / width)
      return !inside
        && (0..<3).contains { decoded[0][3 * pixel + $0] != decoded[1][3 * pixel + $0] }
    }
    #expect(!blinks)
  }

  @Test(.enabled(if: magick != nil, "ImageMagick is not installed"))
  func noiseFillsTheTableOverAndOver() throws {
    let program = try #require(Self.magick)
    // 256 greys at random: hardly a string comes twice, and the table is cleared many times.
    var state: UInt32 = 7
    var noise = Tensor<UInt8>(height: 300, width: 300, channels: 3, repeating: 0)
    for y in 0..<300 {
      for x in 0..<300 {
        state = state &* 1_664_525 &+ 1_013_904_223
        for c in 0..<3 { noise[y, x, c] = UInt8(state >> 27) << 3 }
      }
    }
    let decoded = try frames(Comparison.blinkGIF(before: noise, after: noise), with: program)
    let isExact = (0..<300 * 300 * 3).allSatisfy {
      decoded[0][$0] == noise[$0 / 900, $0 / 3 % 300, $0 % 3]
    }
    #expect(isExact && decoded[1] == decoded[0])
  }

  @Test func theFileLoopsAndHoldsTheDelay() throws {
    let gif = Comparison.blinkGIF(
      before: Pictures.scene(width: 50, height: 40, ball: true),
      after: Pictures.scene(width: 50, height: 40, ball: false))
    #expect(gif.starts(with: Array("GIF89a".utf8)) && gif.last == 0x3B)
    let text = String(decoding: gif, as: Unicode.ASCII.self)
    #expect(text.contains("NETSCAPE2.0"))
    let control: [UInt8] = [0x21, 0xF9, 4, 4, 80, 0, 0, 0, 0x2C]
    let frames = gif.indices.filter { gif[$0...].starts(with: control) }.count
    #expect(frames == 2)
  }

  @Test func fewColorsStayExact() throws {
    var histogram = ColorHistogram()
    var flag = Tensor<UInt8>(height: 3, width: 100, channels: 3, repeating: 17)
    for x in 0..<100 { flag[1, x, 0] = 200 }
    histogram.add(flag)
    let palette = ColorPalette(histogram)
    #expect(palette.isComplete)
    #expect(Set(palette.colors) == [SIMD3(17, 17, 17), SIMD3(200, 17, 17)])
  }
}

@Suite struct MarkupTests {
  @Test func textIsEscapedForItsPlace() {
    #expect(
      Markup.escaped("a<b>&\"'\u{0}\u{1B}\nü") == "a&lt;b&gt;&amp;&quot;&#39;\u{FFFD}\u{FFFD}\nü")
    #expect(
      Markup.json(.string("\"\\</script>\n\u{2028}\u{7F}<\u{338}é"))
        == #""\"\\\u003c/script\u003e\n\u2028\u007f\u003c\#u{338}é""#)
  }

  @Test(arguments: ["", "f", "fo", "foo", "foob", "fooba", "foobar"])
  func base64IsTheStandardOne(text: String) {
    #expect(Markup.base64(Array(text.utf8)) == Data(text.utf8).base64EncodedString())
  }
}
