public import Photos

/// A photo's file as it was read: what an edited photo is written over.
public struct SourceImage: Sendable {
  /// The whole file.
  public let bytes: [UInt8]
  /// What the content is, whatever the file's name says.
  public let format: ImageFormat
  /// Stored columns.
  public let width: Int
  /// Stored rows.
  public let height: Int
  /// How the stored picture must be turned to stand upright.
  public let orientation: Orientation
  /// A remark when the file's name promises another format than the content holds, else nil.
  public let nameRemark: String?
  /// A JPEG in many scans: its coefficients as one scan, which is read several times as fast; nil for
  /// others, and where one scan cannot hold them.
  let sequential: [UInt8]?
}

/// A decoded photo, with the file that it came from.
@frozen
public struct DecodedPhoto: ~Copyable, Sendable {
  /// The pixels to work on.
  public var photo: Photo
  /// The file, to write the result over.
  public let source: SourceImage

  /// Makes the pair.
  public init(photo: consuming Photo, source: SourceImage) {
    self.photo = photo
    self.source = source
  }
}
