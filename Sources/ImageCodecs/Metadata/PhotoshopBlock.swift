/// Photoshop's image resources (APP13): only its thumbnails are of concern here.
enum PhotoshopBlock {
  /// What a segment with resources begins with.
  static let name: [UInt8] = Array("Photoshop 3.0\0".utf8)

  /// A numbered piece of data.
  struct Resource {
    let id: Int
    /// The whole of it: signature, number, name, size and data.
    let range: Range<Int>
    let data: [UInt8]
  }

  /// The resources, as far as they make sense.
  static func resources(_ data: [UInt8]) -> [Resource] {
    var found: [Resource] = []
    var position = 0
    while position + 12 <= data.count {
      guard data[position..<position + 4].elementsEqual("8BIM".utf8) else { break }
      let id = Int(data[position + 4]) << 8 | Int(data[position + 5])
      let sizeAt = position + 6 + (Int(data[position + 6]) + 2) / 2 * 2
      guard sizeAt + 4 <= data.count else { break }
      let size = data[sizeAt..<sizeAt + 4].reduce(0) { $0 << 8 | Int($1) }
      guard size <= data.count - sizeAt - 4 else { break }
      let end = min(data.count, sizeAt + 4 + (size + 1) / 2 * 2)
      found.append(
        Resource(
          id: id, range: position..<end, data: Array(data[sizeAt + 4..<sizeAt + 4 + size])))
      position = end
    }
    return found
  }

  /// The resources without thumbnails (numbers 1033 and 1036); nil when there is none, or when the data
  /// makes no sense.
  static func withoutThumbnails(_ data: [UInt8]) -> [UInt8]? {
    let resources = resources(data)
    let kept = resources.filter { $0.id != 0x0409 && $0.id != 0x040C }
    if kept.count == resources.count { return nil }
    let end = resources.last?.range.upperBound ?? 0
    return kept.flatMap { data[$0.range] } + data[end...]
  }
}
