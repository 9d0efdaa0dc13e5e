import CFileSystem
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name complete or not at all.
///
/// The bytes go to a temporary name in the same folder, are synced to the disk, and only then get their
/// name. A link stays one: the file that it names is replaced. Only standard output (`-`) is written
/// directly.
public struct OutputFile: Sendable {
  /// The path as the user gave it.
  public let path: String
  /// Whether a file of that name may be replaced.
  public let replaces: Bool
  /// Where the photo that is replaced stays; `nil` where it does not.
  public private(set) var backup: String?
  /// Whether the output takes its photo's own name.
  private(set) var isInPlace = false

  /// Names an output and refuses one that must not be replaced, before any work is done for it.
  ///
  /// - Throws: `EditingError.exists`, or `EditingError.unwritable` for the name of a folder, a device or a
  ///   pipe, or where the folder takes no files.
  public init(_ path: String, replacing: Bool) throws(EditingError) {
    self.path = path
    replaces = replacing
    if path == "-" { return }
    let status = FileSystem.status(path)
    if status?.isDirectory == true || path.utf8.last == UInt8(ascii: "/") {
      throw .unwritable(name: path, reason: "it is a folder")
    }
    // Where standard output goes into a file, its names lead to that.
    if let status, !status.isRegular || path == "/dev/stdout" || path.hasPrefix("/dev/fd/") {
      throw .unwritable(
        name: path, reason: "it is no regular file; name one, or use - for standard output")
    }
    if !replacing && FileSystem.isTaken(path) { throw .exists(name: path) }
    try FileSystem.checkFolder(of: path)
  }

  /// Names a photo's own file as its output.
  ///
  /// - Parameter keepsBackup: Keep the photo as it was beside it, as `<stem>-original.<ext>`.
  /// - Throws: `EditingError.backupExists` for a file of that name: it may be the photo as it was before an
  ///   earlier edit, and is never replaced; `EditingError.unwritable` where the folder takes no files;
  ///   `EditingError.usage` for a pipe or a device.
  public init(inPlaceOf photo: String, keepsBackup: Bool) throws(EditingError) {
    if !hasPlace(photo) {
      throw .usage("--in-place needs a photo that is a regular file, not \(photo): use -o FILE")
    }
    path = FileSystem.canonical(photo)
    replaces = true
    isInPlace = true
    if keepsBackup {
      let name = backupName(of: path)
      if FileSystem.isTaken(name) { throw .backupExists(name: name) }
      backup = name
    }
    try FileSystem.checkFolder(of: path)
  }

  /// Whether the output is standard output.
  public var isStandardOutput: Bool { path == "-" }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - source: What the file was made from, whose permissions it gets; `nil` for those of a new file.
  ///   - keepsTime: Whether it gets the source's time of the last change as well.
  func write(
    _ bytes: [UInt8], like source: FileSystem.Status? = nil, keepsTime: Bool = false
  ) throws(EditingError) {
    if isStandardOutput {
      TemporaryFile.noteOutput()
      return try FileSystem.write(bytes, to: 1, name: "standard output")
    }
    let temporary = try TemporaryFile(for: path, permissions: source == nil ? 0o666 : 0o600)
    var kept: TemporaryFile?
    do {
      try temporary.write(bytes)
      if isInPlace { temporary.takeAttributes(of: path) }
      if let source { try temporary.takeTraits(of: source, keepsTime: keepsTime) }
      if let backup { kept = try .keeping(path, as: backup) }
      try temporary.publish(replacing: replaces, keeping: kept)
    } catch {
      temporary.remove()
      kept?.remove()
      throw error
    }
  }
}

/// A file under a temporary name beside the one that it will get.
struct TemporaryFile: Sendable {
  /// The name as it was given, for messages.
  private let name: String
  /// The name that it will get: where the given one leads to.
  private let target: String
  private let path: String
  private let descriptor: Int32

  /// What an interruption has to know: temporary files of this process that still exist, so that they can be
  /// removed, and whether anything has been written for good.
  private static let state = Mutex((pending: Set<String>(), hasOutput: false))

  /// Opens the file.
  ///
  /// - Parameters:
  ///   - permissions: Its mode bits, of which the process's mask takes some away.
  ///   - names: Gives the temporary names to try.
  init(
    for name: String, permissions: mode_t = 0o666,
    names: () -> String = FileSystem.temporaryName
  ) throws(EditingError) {
    try self.init(for: name, names: names) { path in
      unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    }
  }

  /// Gives a file a second name, so that it stays when another file takes the first: a link, or a copy
  /// where the file system has none.
  static func keeping(_ original: String, as name: String) throws(EditingError) -> TemporaryFile {
    let linked = try? TemporaryFile(for: name, names: FileSystem.temporaryName) { path in
      guard unsafe link(original, path) == 0 else { return -1 }
      let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
      if opened < 0 { unsafe unlink(path) }
      return opened
    }
    if let linked { return linked }
    let copy = try TemporaryFile(for: name, permissions: 0o600)
    do {
      try copy.write(try FileSystem.read(original))
      if let status = FileSystem.status(original) {
        try copy.takeTraits(of: status, keepsTime: true)
      }
    } catch {
      copy.remove()
      throw error
    }
    return copy
  }

  /// - Parameter make: Makes a file of that name and opens it; negative where it cannot.
  private init(
    for name: String, names: () -> String, make: (String) -> Int32
  ) throws(EditingError) {
    self.name = name
    target = FileSystem.destination(name)
    let folder = PathName(target).folder
    var failure = EEXIST
    for _ in 0..<16 where failure == EEXIST {
      let path = PathName.join(folder, names())
      let opened = Self.state.withLock { state in
        let opened = make(path)
        failure = errno
        if opened >= 0 { state.pending.insert(path) }
        return opened
      }
      if opened >= 0 {
        self.path = path
        descriptor = opened
        return
      }
    }
    throw .unwritable(name: name, reason: FileSystem.reason(failure))
  }

  func write(_ bytes: [UInt8]) throws(EditingError) {
    try FileSystem.write(bytes, to: descriptor, name: name)
  }

  /// Gives the file another's owner and extended attributes, as far as they can be given.
  func takeAttributes(of path: String) {
    unsafe efs_take_attributes(path, descriptor)
  }

  /// Gives the file another's permissions and, if asked, its time of the last change.
  func takeTraits(of source: FileSystem.Status, keepsTime: Bool) throws(EditingError) {
    try FileSystem.copyTraits(source, to: descriptor, keepsTime: keepsTime, name: name)
  }

  /// Syncs the contents and gives the file its name.
  ///
  /// - Parameter kept: What the replaced file keeps as its second name. It gets it in the same moment, so
  ///   that an interruption leaves both names or none.
  /// - Throws: `EditingError.exists`, `EditingError.backupExists` or `EditingError.unwritable`; neither file
  ///   has its name then.
  func publish(replacing: Bool, keeping kept: TemporaryFile? = nil) throws(EditingError) {
    try kept?.sync()
    try sync()
    let failure: EditingError? = Self.state.withLock { state in
      if let kept {
        let failure = kept.takeName(replacing: false)
        if failure == EEXIST { return .backupExists(name: kept.name) }
        if failure != 0 { return kept.error(failure) }
      }
      let failure = takeName(replacing: replacing)
      if failure != 0 {
        // The photo still has its own name, so that the second one is not needed.
        if let kept { unsafe unlink(kept.target) }
        return failure == EEXIST ? .exists(name: name) : error(failure)
      }
      for file in [self, kept] { if let file { state.pending.remove(file.path) } }
      state.hasOutput = true
      return nil
    }
    if let failure { throw failure }
    close(descriptor)
    if let kept { close(kept.descriptor) }
    Self.syncFolder(of: target)
  }

  private func sync() throws(EditingError) {
    if fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS { throw error(errno) }
  }

  /// Gives the file its name instead of the temporary one; the number of the error, or 0.
  private func takeName(replacing: Bool) -> Int32 {
    if !replacing {
      // A hard link never replaces; some file systems have none, and a look must do there.
      if unsafe link(path, target) == 0 {
        unsafe unlink(path)
        return 0
      }
      if errno == EEXIST || FileSystem.isTaken(target) { return EEXIST }
    }
    return unsafe rename(path, target) == 0 ? 0 : errno
  }

  private func error(_ number: Int32) -> EditingError {
    .unwritable(name: name, reason: FileSystem.reason(number))
  }

  func remove() {
    close(descriptor)
    let path = path
    Self.state.withLock { state in
      unsafe unlink(path)
      state.pending.remove(path)
    }
  }

  /// Makes the name itself survive a loss of power, where the file system can.
  private static func syncFolder(of path: String) {
    let folder = PathName(path).folder
    let descriptor = unsafe open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 {
      fsync(descriptor)
      close(descriptor)
    }
  }

  /// Notes that something is written that is no temporary file.
  static func noteOutput() { state.withLock { $0.hasOutput = true } }

  /// Removes every temporary file and calls `exit` while no new one can appear, nor get its name.
  ///
  /// - Parameter exit: Is told whether anything has been written for good.
  static func removeAll(then exit: (_ hasOutput: Bool) -> Void) {
    state.withLock { state in
      for path in state.pending { unsafe unlink(path) }
      state.pending.removeAll()
      exit(state.hasOutput)
    }
  }
}
