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
/// name. Standard output (`-`), devices and pipes are written directly.
public struct OutputFile: Sendable {
  /// The path as the user gave it.
  public let path: String
  /// Whether a file of that name may be replaced.
  public let replaces: Bool

  /// Names an output and refuses one that must not be replaced, before any work is done for it.
  ///
  /// - Throws: `EditingError.exists`, or `EditingError.unwritable` for a folder's name.
  public init(_ path: String, replacing: Bool) throws(EditingError) {
    self.path = path
    replaces = replacing
    guard path != "-", let status = FileSystem.status(path) else { return }
    if status.isDirectory { throw .unwritable(name: path, reason: "it is a folder") }
    if status.isRegular && !replacing { throw .exists(name: path) }
  }

  /// Whether the output is standard output.
  public var isStandardOutput: Bool { path == "-" }

  /// Writes the file.
  public func write(_ bytes: [UInt8]) throws(EditingError) {
    if isStandardOutput {
      return try FileSystem.write(bytes, to: 1, name: "standard output")
    }
    if let status = FileSystem.status(path), !status.isRegular {
      let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw .unwritable(name: path, reason: FileSystem.reason(errno))
      }
      defer { close(descriptor) }
      return try FileSystem.write(bytes, to: descriptor, name: path)
    }
    let temporary = try TemporaryFile(for: path)
    do {
      try temporary.write(bytes)
      try temporary.publish(replacing: replaces)
    } catch {
      temporary.remove()
      throw error
    }
  }
}

/// A file under a temporary name beside the one that it will get.
struct TemporaryFile: Sendable {
  private let target: String
  private let path: String
  private let descriptor: Int32

  /// Temporary files of this process that still exist, so that an interruption can remove them.
  private static let pending = Mutex<Set<String>>([])
  private static let serial = Atomic<Int>(0)

  init(for target: String) throws(EditingError) {
    self.target = target
    let parts = PathName(target)
    let number = Self.serial.add(1, ordering: .relaxed).newValue
    let path = PathName.join(parts.folder, ".efface-\(getpid())-\(number).tmp")
    self.path = path
    let (opened, failure) = Self.pending.withLock { pending in
      let opened = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      let failure = errno
      if opened >= 0 { pending.insert(path) }
      return (opened, failure)
    }
    guard opened >= 0 else {
      throw .unwritable(name: target, reason: FileSystem.reason(failure))
    }
    descriptor = opened
  }

  func write(_ bytes: [UInt8]) throws(EditingError) {
    try FileSystem.write(bytes, to: descriptor, name: target)
  }

  /// Syncs the contents and gives the file its name.
  func publish(replacing: Bool) throws(EditingError) {
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw .unwritable(name: target, reason: FileSystem.reason(errno))
    }
    let (path, target) = (path, target)
    let failure: Int32 = Self.pending.withLock { pending in
      if !replacing {
        // A hard link never replaces; some file systems have none, and a look must do there.
        if unsafe link(path, target) == 0 {
          unsafe unlink(path)
          pending.remove(path)
          return 0
        }
        if errno == EEXIST || FileSystem.status(target) != nil { return EEXIST }
      }
      if unsafe rename(path, target) != 0 { return errno }
      pending.remove(path)
      return 0
    }
    if failure == EEXIST { throw .exists(name: target) }
    if failure != 0 { throw .unwritable(name: target, reason: FileSystem.reason(failure)) }
    close(descriptor)
    Self.syncFolder(of: target)
  }

  func remove() {
    close(descriptor)
    let path = path
    Self.pending.withLock { pending in
      unsafe unlink(path)
      pending.remove(path)
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

  /// Removes every temporary file and calls `exit` while no new one can appear.
  static func removeAll(then exit: () -> Void) {
    pending.withLock { pending in
      for path in pending { unsafe unlink(path) }
      pending.removeAll()
      exit()
    }
  }
}
