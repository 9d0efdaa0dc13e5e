import Photos
import Segmentation

/// The objects found in a photo.
public struct DetectionReport: Sendable {
  /// The photo's path.
  public var input: String
  /// Columns of the upright photo.
  public var width: Int
  /// Rows of the upright photo.
  public var height: Int
  /// How long it took.
  public var timings = Timings()
  /// The most memory that the process has used so far.
  public var peakMemoryBytes = 0
  var objects: [DetectedObject] = []

  init(input: String, size: (width: Int, height: Int)) {
    self.input = input
    width = size.width
    height = size.height
  }

  /// The report as a JSON object.
  public var json: JSONValue {
    .members([
      "input": .string(input), "width": .integer(width), "height": .integer(height),
      "objects": .array(objects.enumerated().map { $1.json(number: $0 + 1) }),
      "timings_ms": timings.json,
      "peak_memory_bytes": .integer(peakMemoryBytes),
    ])
  }

  /// The report as a table; one line an object, under a line of titles.
  public var table: String {
    if objects.isEmpty {
      return "no object found; select with --at X,Y, --box X,Y,W,H or --mask FILE instead\n"
    }
    var rows = [["", "object", "score", "box (x,y,w,h)", "pixels"]]
    for (index, object) in objects.enumerated() {
      let box = object.box
      rows.append([
        String(index + 1), object.name, JSONValue.decimal(Double(object.score), digits: 2),
        box.words, String(object.area),
      ])
    }
    let widths = (0..<5).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += (column > 0 ? "  " : "") + (column == 1 ? cell + padding : padding + cell)
      }
      return line + "\n"
    }.joined()
  }
}

extension DetectedObject {
  /// The name by which `--object` selects this one.
  var name: String { "\(className)#\(classOrdinal)" }

  func json(number: Int) -> JSONValue {
    .members([
      "index": .integer(number), "class": .string(className), "name": .string(name),
      "score": .number(Double(score), digits: 3), "box": box.json, "area": .integer(area),
    ])
  }
}
