/// By how much a mask is grown around its parts, and how wide the soft edge within that growth is.
///
/// A mask never ends exactly where the object does: the lens, the camera's sharpening and JPEG spread
/// the object's colours by a few pixels, more of them the larger the picture of the object is.
public struct GrowthPlan: Equatable, Sendable {
  /// Parts of a mask near each other, and the growth that they get.
  public struct Group: Equatable, Sendable {
    /// The box around the parts and their growth, within the picture.
    public var region: Rectangle
    /// Pixels by which the parts grow.
    public var grow: Int
    /// Pixels of the growth, counted from its outer edge, over which the result fades in.
    public var feather: Int
  }

  /// The groups; their regions do not overlap.
  public var groups: [Group]

  /// Plans the growth of every part of a mask.
  ///
  /// - Parameters:
  ///   - components: The mask's parts.
  ///   - width: The picture's columns.
  ///   - height: The picture's rows.
  ///   - uncertainty: By how many pixels the mask's edge may be wrong; 0 for a mask drawn by hand.
  ///   - grow: The growth in pixels; `nil` for one in proportion to each part.
  ///   - feather: The soft edge in pixels; `nil` for half of the growth. Never more than the growth.
  public init(
    components: [Mask.Component], width: Int, height: Int, uncertainty: Int = 0, grow: Int? = nil,
    feather: Int? = nil
  ) {
    var groups = components.map { part in
      // A wire across the photo has a large box, but is not large.
      let whole = Double(min(part.box.width * part.box.height, 3 * part.area)).squareRoot()
      let size = min(whole, 8 * Double(part.area) / Double(max(part.box.width, part.box.height)))
      let radius = grow ?? max(3, Int((0.018 * size).rounded()), uncertainty)
      return Group(region: part.box.grown(by: radius + 1), grow: radius, feather: 0)
    }
    // Speckled masks have thousands of parts: past a point, one region for all costs less.
    if groups.count > 512, let first = groups.first {
      let grow = groups.reduce(0) { max($0, $1.grow) }
      groups = [groups.reduce(first.widened(to: grow)) { $0.joined(with: $1, grow: grow) }]
    }
    groups = Self.merged(groups)
    for index in groups.indices {
      groups[index].region = groups[index].region.clipped(toWidth: width, height: height)
      groups[index].feather = min(feather ?? (groups[index].grow + 1) / 2, groups[index].grow)
    }
    self.groups = groups
  }

  /// Joins groups until no two regions overlap.
  private static func merged(_ groups: [Group]) -> [Group] {
    var pending = groups
    var result: [Group] = []
    while var group = pending.popLast() {
      if let index = result.firstIndex(where: { !$0.region.intersection(group.region).isEmpty }) {
        let other = result.remove(at: index)
        group = group.joined(with: other, grow: max(group.grow, other.grow))
        pending.append(group)
      } else {
        result.append(group)
      }
    }
    return result.sorted { ($0.region.y, $0.region.x) < ($1.region.y, $1.region.x) }
  }
}

extension GrowthPlan.Group {
  /// The group with a growth that is at least its own, and the margin for it.
  fileprivate func widened(to grow: Int) -> Self {
    Self(region: region.grown(by: grow - self.grow), grow: grow, feather: feather)
  }

  /// Both groups as one, with a growth that is at least either's.
  fileprivate func joined(with other: Self, grow: Int) -> Self {
    Self(
      region: widened(to: grow).region.union(other.widened(to: grow).region), grow: grow,
      feather: feather)
  }
}
