import ImageCodecs

/// Part `index` of `count` of a batch that several machines share.
public struct Shard: Equatable, Sendable {
  /// From 1 to `count`.
  public var index: Int
  /// Parts in all.
  public var count: Int

  /// Reads `2/5`; `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0,
      (1...count).contains(index)
    else { return nil }
    self.index = index
    self.count = count
  }
}

/// What a batch will do, decided before the first photo is opened.
public struct BatchPlan: Sendable {
  /// One photo of a batch.
  public struct Item: Equatable, Sendable {
    /// The photo's path.
    public var input: String
    /// The output's path.
    public var output: String
    /// The output's path below the output folder.
    public var relative: String
    /// The mask's path; `nil` where there is none, or none is wanted.
    public var mask: String?
    /// The mask's path below the folder of masks, however that is spelt.
    public var relativeMask: String?
    /// Where the mask that is wanted was looked for first; `nil` where it is there.
    public var missingMask: String?
    /// Why the photo cannot be read at all; `nil` where it may be.
    public var defect: String?
  }

  /// The photos, ordered by their outputs.
  public var items: [Item]
  /// The folder of all outputs.
  public var folder: String

  /// Makes the folder of all outputs.
  public func makeFolder() throws(EditingError) { try FileSystem.makeFolder(folder) }

  /// Every file that is read or written.
  public var files: [String] {
    items.flatMap { [$0.input, $0.output] + ($0.mask.map { [$0] } ?? []) }
  }

  /// Finds the photos and pairs each with its output, and with its mask if `masks` names a folder.
  ///
  /// The folder of a photo below an input is mirrored below the output folder. With several inputs,
  /// each input folder keeps its own name there, so that equal names do not meet. The mask of
  /// `a/b.jpg` is `a/b.png` in the folder of masks (or `a/b.jpg.png`, or of another extension), but
  /// never the photo itself. Masks that lie among the photos of a folder are no photos.
  ///
  /// - Throws: When an input is missing, when there is no photo, when two would have one output, or when
  ///   an output would replace a photo or a mask.
  public init(
    inputs: [String], folder: String, recursive: Bool = true, shard: Shard? = nil,
    masks: String? = nil
  ) throws(EditingError) {
    self.folder = folder
    let excluded = FileSystem.canonical(folder)
    var items: [Item] = []
    // Those that nobody named.
    var walked: [Item] = []
    for input in inputs {
      guard let status = FileSystem.status(input) else {
        throw .unreadable(name: input, reason: "no such file or folder")
      }
      if !status.isDirectory {
        let name = PathName(input).name
        items.append(Item(input: input, output: PathName.join(folder, name), relative: name))
        continue
      }
      if FileSystem.canonical(input).isSameName(as: excluded) {
        throw .usage("\(folder): the output folder is the input folder; name another one")
      }
      let prefix = inputs.count > 1 ? PathName(FileSystem.canonical(input)).name : ""
      let photos = try Self.photos(below: input, recursive: recursive, excluded: excluded)
      for (path, defect) in photos {
        let relative = PathName.join(prefix, path)
        walked.append(
          Item(
            input: PathName.join(input, path), output: PathName.join(folder, relative),
            relative: relative, defect: defect))
      }
    }
    if let masks {
      guard FileSystem.status(masks)?.isDirectory == true else {
        throw .unreadable(name: masks, reason: "it is no folder of masks")
      }
      let used = Self.findMasks(for: &items, &walked, in: masks)
      walked.removeAll { !used.isDisjoint(with: FileSystem.identities($0.input)) }
    }
    items += walked
    items.sort { $0.relative.precedes($1.relative) }
    // Names that are repaired may be alike, but are not written to.
    let written = items.filter { $0.defect == nil }
    for (one, next) in zip(written, written.dropFirst())
    where one.relative.isSameName(as: next.relative) {
      throw .usage(
        "\(one.input) and \(next.input) would both be written to \(one.output); "
          + "run them into different folders")
    }
    if items.isEmpty {
      throw .nothingMatched(
        name: inputs.joined(separator: ", "), detail: "no .jpg, .jpeg or .png file there")
    }
    try Self.checkInputsStay(written)
    if let shard {
      items = items.indices.filter { $0 % shard.count == shard.index - 1 }.map { items[$0] }
    }
    self.items = items
  }

  /// Paths of the photos below a folder, relative to it, and what keeps one from being read.
  ///
  /// Hidden names are passed over, linked folders are not entered, and the output folder is left out. A
  /// folder within that cannot be read stands in the list itself.
  private static func photos(below folder: String, recursive: Bool, excluded: String)
    throws(EditingError) -> [(path: String, defect: String?)]
  {
    var found: [(path: String, defect: String?)] = []
    var pending = [""]
    while let relative = pending.popLast() {
      let names: [FileSystem.Name]
      do {
        names = try FileSystem.names(in: PathName.join(folder, relative))
      } catch {
        guard !relative.isEmpty, case .unreadable(_, let reason) = error else { throw error }
        found.append((relative, reason))
        continue
      }
      for name in names where !name.text.hasPrefix(".") {
        let path = PathName.join(relative, name.text)
        let full = PathName.join(folder, path)
        let isPhoto = ImageFormat(fileName: name.text) != nil
        if !name.isUTF8 {
          if isPhoto || name.isFolder && recursive {
            found.append((path, "the name is not UTF-8; rename it"))
          }
        } else if let status = FileSystem.status(full) {
          if !status.isDirectory {
            // A pipe would be waited for, and a device may have no end.
            if isPhoto { found.append((path, status.isRegular ? nil : "it is no regular file")) }
          } else if recursive && !FileSystem.isLink(full)
            && !FileSystem.canonical(full).isSameName(as: excluded)
          {
            pending.append(path)
          }
        } else if isPhoto {
          found.append((path, FileSystem.isLink(full) ? "it is a link to nothing" : nil))
        }
      }
    }
    return found
  }

  /// Refuses outputs that are photos or masks of the batch themselves, also under another name.
  private static func checkInputsStay(_ items: [Item]) throws(EditingError) {
    var inputs: Set<FileSystem.Identity> = []
    for item in items {
      for path in [item.input, item.mask] {
        if let path { inputs.formUnion(FileSystem.identities(path)) }
      }
    }
    for item in items where !inputs.isDisjoint(with: FileSystem.identities(item.output)) {
      throw .usage(
        "\(item.output): is a photo or a mask of this batch itself; name another output folder")
    }
  }

  /// Gives every photo its mask, and tells which files are masks.
  ///
  /// Where a photo could be the mask of another and that one its mask, the first of them by name has it.
  private static func findMasks(
    for named: inout [Item], _ walked: inout [Item], in folder: String
  ) -> Set<FileSystem.Identity> {
    var used: Set<FileSystem.Identity> = []
    var edited: Set<FileSystem.Identity> = []
    func find(_ item: inout Item) {
      let own = FileSystem.identities(item.input)
      let names = maskNames(for: item).filter { name in
        let identities = FileSystem.identities(PathName.join(folder, name))
        return edited.isDisjoint(with: identities) && !own.contains(where: identities.contains)
      }
      item.relativeMask = names.first {
        FileSystem.status(PathName.join(folder, $0))?.isRegular == true
      }
      item.mask = item.relativeMask.map { PathName.join(folder, $0) }
      if let mask = item.mask {
        used.formUnion(FileSystem.identities(mask))
        edited.formUnion(own)
      } else {
        item.missingMask = names.first.map { PathName.join(folder, $0) }
      }
    }
    walked.sort { $0.relative.precedes($1.relative) }
    for index in named.indices { find(&named[index]) }
    for index in walked.indices
    where walked[index].defect == nil
      && used.isDisjoint(with: FileSystem.identities(walked[index].input))
    {
      find(&walked[index])
    }
    return used
  }

  /// Where a photo's mask may be below the folder of masks.
  private static func maskNames(for item: Item) -> [String] {
    let path = PathName(item.relative)
    let stem = PathName.join(path.folder, path.stem)
    return [
      stem + ".png", item.relative + ".png", stem + "-mask.png", item.relative, stem + ".jpg",
    ]
  }
}
