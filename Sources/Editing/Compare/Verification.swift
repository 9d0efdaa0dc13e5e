public import ImageCodecs
import Photos

/// What differs between two files of one photo, as `efface compare --verify` tells it.
public struct Verification: Sendable {
  /// The counts.
  public let comparison: FileComparison
  /// Whether a mask said what may differ.
  public let hasMask: Bool

  /// Whether the edit kept to its mask; always so without one.
  public var isKept: Bool { !hasMask || comparison.isUntouchedOutsideMask }

  /// A few lines for people.
  public var text: String {
    let c = comparison
    var lines = ["pixels    \(c.differing) of \(c.pixels) differ"]
    if let box = c.box {
      lines[0] += ", all in \(box.width) x \(box.height) at \(box.x),\(box.y) as stored"
    }
    if hasMask {
      lines[0] += "; \(c.differingOutsideMask) outside the mask"
      if c.differingOutsideMask > 0 && c.isUntouchedOutsideMask {
        lines[0] += ", in or right beside blocks that it touches"
      }
    }
    if let blocks = c.blocks {
      var line =
        "blocks    \(blocks.differing) of \(blocks.total) differ, "
        + "in \(blocks.differingCoefficients) coefficients"
      if hasMask { line += "; \(blocks.outsideMask) outside the mask" }
      lines.append(line)
    }
    let changes = c.metadata.map(\.description).joined(separator: ", ")
    lines.append("metadata  " + (changes.isEmpty ? "the same" : changes))
    return lines.joined(separator: "\n") + "\n"
  }
}
