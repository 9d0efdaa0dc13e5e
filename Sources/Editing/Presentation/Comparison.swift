import ImageCodecs
import Tensors

/// Two versions of one photo, made easy to compare.
///
/// All pixels are RGB and upright. Pictures are scaled down to a size for screens, never up.
enum Comparison {
  /// Both pictures on one sheet, before on the left, with a thin grey gutter.
  ///
  /// - Parameter longSide: The most pixels of the sheet's longer side.
  /// - Precondition: Both pictures have three channels, the same size and at least one pixel.
  static func sideBySide(
    before: borrowing Tensor<UInt8>, after: borrowing Tensor<UInt8>, longSide: Int = 4096
  ) -> Tensor<UInt8> {
    checkShapes(before, after)
    // At the height 1 the sheet is twice as wide as a picture, and a gutter of 1/96.
    let aspect = Double(before.width) / Double(before.height)
    let exactHeight = min(
      Double(before.height), Double(longSide), Double(longSide) / (2 * aspect + 1.0 / 96))
    let height = max(1, Int(exactHeight))
    let gutter = max(2, height / 96)
    // Only a sheet of a single row is still too wide at this height.
    let room = Double(max(2, longSide - gutter))
    let shrink = min(1, room / (Double(height) * 2 * aspect))
    let width = max(1, Int(Double(height) * aspect * shrink))
    var sheet = Tensor<UInt8>(
      height: height, width: 2 * width + gutter, channels: 3, repeating: 128)
    sheet.paste(before.scaled(width: width, height: height), x: 0, y: 0)
    sheet.paste(after.scaled(width: width, height: height), x: width + gutter, y: 0)
    return sheet
  }

  /// An animated GIF that shows the pictures in turn, for ever.
  ///
  /// The frames share a palette of 256 colours, and the second holds only the box in which they differ.
  ///
  /// - Parameters:
  ///   - longSide: The most pixels of the longer side.
  ///   - seconds: How long each picture is shown.
  /// - Precondition: Both pictures have three channels, the same size and at least one pixel.
  static func blinkGIF(
    before: borrowing Tensor<UInt8>, after: borrowing Tensor<UInt8>, longSide: Int = 1280,
    seconds: Double = 0.8
  ) -> [UInt8] {
    checkShapes(before, after)
    let size = fittedSize(width: before.width, height: before.height, longSide: longSide)
    let first = before.scaled(width: size.width, height: size.height)
    let second = after.scaled(width: size.width, height: size.height)
    var histogram = ColorHistogram()
    histogram.add(first)
    histogram.add(second)
    let palette = ColorPalette(histogram)
    var matcher = ColorMatcher(palette)
    let firstNumbers = matcher.numbers(for: first)
    let secondNumbers = matcher.numbers(for: second)
    let changed = changedBox(firstNumbers, secondNumbers, width: size.width)
    let delay = max(2, Int((seconds * 100).rounded()))
    var file = GIFFile(width: size.width, height: size.height, colors: palette.colors)
    file.addFrame(
      firstNumbers, columns: 0..<size.width, rows: 0..<size.height, centiseconds: delay)
    file.addFrame(secondNumbers, columns: changed.columns, rows: changed.rows, centiseconds: delay)
    return file.finish()
  }

  /// A page with a slider that uncovers the result: one file, nothing to fetch.
  ///
  /// - Parameters:
  ///   - title: Plain text, such as the photo's name.
  ///   - longSide: The most pixels of the pictures' longer side.
  /// - Precondition: Both pictures have three channels, the same size and at least one pixel.
  static func sliderHTML(
    before: borrowing Tensor<UInt8>, after: borrowing Tensor<UInt8>, title: String,
    longSide: Int = 2048
  ) throws(CodecError) -> String {
    checkShapes(before, after)
    let size = fittedSize(width: before.width, height: before.height, longSide: longSide)
    return SliderPage.html(
      title: title,
      before: try Markup.dataURI(
        before.scaled(width: size.width, height: size.height), quality: 88),
      after: try Markup.dataURI(after.scaled(width: size.width, height: size.height), quality: 88),
      width: size.width, height: size.height)
  }

  private static func checkShapes(
    _ before: borrowing Tensor<UInt8>, _ after: borrowing Tensor<UInt8>
  ) {
    precondition(
      before.channels == 3 && after.channels == 3 && before.count > 0
        && before.width == after.width && before.height == after.height,
      "two RGB pictures of one size are compared")
  }

  /// The smallest box around every difference; the first pixel where there is none.
  private static func changedBox(
    _ first: [UInt8], _ second: [UInt8], width: Int
  ) -> (columns: Range<Int>, rows: Range<Int>) {
    var columns = (first: Int.max, last: 0)
    var rows = (first: Int.max, last: 0)
    for index in first.indices where first[index] != second[index] {
      columns = (min(columns.first, index % width), max(columns.last, index % width))
      rows = (min(rows.first, index / width), index / width)
    }
    if rows.first == Int.max { return (0..<1, 0..<1) }
    return (columns.first..<columns.last + 1, rows.first..<rows.last + 1)
  }
}

extension Tensor where Element == UInt8 {
  /// Copies a picture into this one, its upper left corner at `x`, `y`.
  ///
  /// - Precondition: It fits, and has as many channels.
  mutating func paste(_ picture: borrowing Tensor<UInt8>, x: Int, y: Int) {
    precondition(
      picture.channels == channels && x >= 0 && y >= 0 && x + picture.width <= width
        && y + picture.height <= height)
    let from = picture.span
    let (stride, rowBytes) = (rowStride, picture.rowStride)
    let start = y * stride + x * channels
    let rows = picture.height
    var to = mutableSpan
    for row in 0..<rows {
      for offset in 0..<rowBytes {
        to[start + row * stride + offset] = from[row * rowBytes + offset]
      }
    }
  }
}
