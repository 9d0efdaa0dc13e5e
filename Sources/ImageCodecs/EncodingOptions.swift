/// How an edited photo is written over its source.
public struct EncodingOptions: Sendable, Equatable {
  /// What becomes of a small picture embedded in the metadata, which still shows the old scene.
  public enum Thumbnail: Sendable, Equatable {
    /// Made anew from the result, in the same place; dropped where that is not possible.
    case rebuild
    /// Removed.
    case drop
  }

  /// What is taken out of the metadata on request.
  public enum Strip: String, Sendable, Equatable, CaseIterable {
    /// Nothing.
    case nothing
    /// Where the photo was taken, in EXIF and XMP.
    case gps
    /// All that the picture does not need to look the same: colour profiles and the orientation stay.
    case all
  }

  /// An entry in the photo's edit history (XMP's `xmpMM:History`).
  public struct Mark: Sendable, Equatable {
    /// The program and its version.
    public var software: String
    /// When, as ISO 8601, in UTC: `2026-01-02T03:04:05Z`.
    public var date: String

    /// Makes an entry.
    public init(software: String, date: String) {
      self.software = software
      self.date = date
    }
  }

  /// JPEG only: encode the whole picture anew at this quality, 1 to 100; nil keeps the source's tables
  /// and every coefficient that the edit does not touch.
  public var quality: Int?
  /// What becomes of an embedded thumbnail.
  public var thumbnail: Thumbnail
  /// What is taken out of the metadata.
  public var strip: Strip
  /// The entry to add to the edit history; nil adds none.
  ///
  /// Its date becomes a PNG's tIME too, where the source has one; without an entry, that is dropped.
  public var mark: Mark?
  /// Whether the file loses what lies behind the picture, so that metadata must not tell of it.
  var dropsWhatFollows = false

  /// Makes options; the defaults change as little of the file as possible.
  public init(
    quality: Int? = nil, thumbnail: Thumbnail = .rebuild, strip: Strip = .nothing,
    mark: Mark? = nil
  ) {
    self.quality = quality
    self.thumbnail = thumbnail
    self.strip = strip
    self.mark = mark
  }
}

/// An edited photo's file.
public struct EncodedPhoto: Sendable, Equatable {
  /// The whole file.
  public var bytes: [UInt8]
  /// What had to change besides the picture, one phrase each: `thumbnail rebuilt`, `palette became RGB`.
  public var notes: [String] = []
  /// JPEG: coefficient blocks coded anew; nil where that is not how it was written.
  public var replacedBlocks: Int?
}
