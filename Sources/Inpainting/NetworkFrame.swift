import Kernels
import Networks
import Photos

/// Where the network looks, and at what size.
struct NetworkFrame: Equatable {
  /// Its window in photo pixels.
  let region: ImageRegion
  /// Rows of its picture.
  let height: Int
  /// Columns of its picture.
  let width: Int

  /// A square window three times as wide as the holes, moved into the photo and cut to it; seen at the
  /// network's own size, or at a smaller one where the window is small.
  init(box: Rectangle, height: Int, width: Int, network: Network) {
    self.init(
      box: box, height: height, width: width, inputSize: network.inputSize,
      multiple: network.multiple)
  }

  init(box: Rectangle, height: Int, width: Int, inputSize: Int, multiple: Int) {
    let side = max(3 * max(box.width, box.height), 128)
    func range(middle: Int, limit: Int) -> Range<Int> {
      let length = min(side, limit)
      let first = max(0, min(limit - length, middle - length / 2))
      return first..<first + length
    }
    region = ImageRegion(
      rows: range(middle: box.y + box.height / 2, limit: height),
      columns: range(middle: box.x + box.width / 2, limit: width))
    let longer = max(region.height, region.width)
    let size =
      longer >= inputSize * 5 / 8
      ? inputSize : max(128, (longer + multiple - 1) / multiple * multiple)
    func sized(_ length: Int) -> Int {
      let whole = Double(length) * Double(size) / Double(longer) / Double(multiple)
      return max(128, Int(whole.rounded()) * multiple)
    }
    self.height = sized(region.height)
    self.width = sized(region.width)
  }
}
