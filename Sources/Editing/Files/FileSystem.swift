import ImageCodecs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The few calls to the operating system that editing needs, with errors in words.
enum FileSystem {
  /// What is at a path.
  struct Status: Equatable {
    var isDirectory: Bool
    var isRegular: Bool
    var size: Int
    /// When the contents last changed.
    var modified: Time
    /// Who may read, write and run it: the nine mode bits.
    var permissions: mode_t

    /// The status of what shows two files: only what both permit.
    static func shared(_ one: Status?, _ other: Status?) -> Status? {
      guard var shared = one, let other else { return one ?? other }
      shared.permissions &= other.permissions
      return shared
    }
  }

  /// A time, counted from 1970; in two parts, as 64 bits of nanoseconds end in 2262.
  struct Time: Equatable {
    var seconds: Int
    /// 0 to 999,999,999, also before 1970.
    var nanoseconds: Int

    /// The whole time as one number, for records.
    var totalNanoseconds: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }
  }

  /// What is at a path, links followed; `nil` for nothing.
  static func status(_ path: String) -> Status? {
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return nil }
    let kind = info.st_mode & S_IFMT
    #if canImport(Darwin)
      let time = unsafe info.st_mtimespec
    #else
      let time = info.st_mtim
    #endif
    return Status(
      isDirectory: kind == S_IFDIR, isRegular: kind == S_IFREG, size: Int(info.st_size),
      modified: Time(seconds: Int(time.tv_sec), nanoseconds: Int(time.tv_nsec)),
      permissions: info.st_mode & 0o777)
  }

  /// Gives an open file another's permissions and, if asked, its time of the last change.
  static func copyTraits(
    _ status: Status, to descriptor: Int32, keepsTime: Bool, name: String
  ) throws(EditingError) {
    // Memory cards' file systems know no permissions: what cannot be set there is no loss.
    _ = fchmod(descriptor, status.permissions)
    if keepsTime {
      let time = timespec(
        tv_sec: status.modified.seconds, tv_nsec: status.modified.nanoseconds)
      if unsafe futimens(descriptor, [time, time]) != 0 {
        throw .unwritable(name: name, reason: reason(errno))
      }
    }
  }

  /// The most bytes of a file that are read: no photo has more, and some memory must stay for it.
  private static let limit = 4 << 30

  /// All bytes of a picture's file, or of standard input for `-`; of what does not begin like a picture that is
  /// read here only the beginning, from which the decoder tells what it is.
  ///
  /// - Throws: `EditingError.unreadable`.
  static func readPicture(_ path: String) throws(EditingError) -> [UInt8] {
    try read(path) { (try? ImageFormat(content: $0)) != nil }
  }

  /// How much of a file tells what it is.
  private static let beginning = 4_096

  /// All bytes of a file, or of standard input for `-`.
  ///
  /// - Parameters:
  ///   - limit: The most bytes that are read; a smaller one is for tests.
  ///   - isWanted: Asked of the beginning, whether the rest is to be read too.
  /// - Throws: `EditingError.unreadable`, also for a file, a pipe or a device with more bytes than that.
  static func read(
    _ path: String, limit: Int = limit, isWanted: ([UInt8]) -> Bool = { _ in true }
  ) throws(EditingError) -> [UInt8] {
    let shown = path == "-" ? "standard input" : path
    if path != "-", status(path)?.isDirectory == true {
      throw .unreadable(name: path, reason: "it is a folder; `efface batch` takes folders")
    }
    let descriptor = unsafe path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unreadable(name: shown, reason: reason(errno)) }
    defer { if path != "-" { close(descriptor) } }
    var bytes: [UInt8] = []
    var info = stat()
    // The size of devices and pipes says nothing.
    let isRegular = unsafe fstat(descriptor, &info) == 0 && info.st_mode & S_IFMT == S_IFREG
    let expected = isRegular ? Int(info.st_size) : 0
    let tooLarge = EditingError.unreadable(name: shown, reason: "it is larger than 4 GiB")
    if expected > beginning {
      let first = unsafe [UInt8](unsafeUninitializedCapacity: beginning) { buffer, count in
        guard let base = buffer.baseAddress else { return }
        count = max(0, unsafe pread(descriptor, base, beginning, 0))
      }
      if !first.isEmpty && !isWanted(first) { return first }
    }
    if expected > limit { throw tooLarge }
    bytes.reserveCapacity(expected + 1)
    while true {
      // A pipe may never end: what comes first tells whether to wait for the rest.
      if expected == 0 && !bytes.isEmpty && bytes.count <= 1 << 16 && !isWanted(bytes) {
        return bytes
      }
      let room = max(bytes.capacity - bytes.count, 1 << 16)
      var failure: Int32 = 0
      let chunk = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        guard let base = buffer.baseAddress else { return }
        var got = unsafe Self.readOnce(descriptor, base, room)
        while got < 0 && errno == EINTR { unsafe got = Self.readOnce(descriptor, base, room) }
        if got < 0 { failure = errno }
        count = max(0, got)
      }
      if failure != 0 { throw .unreadable(name: shown, reason: reason(failure)) }
      if chunk.isEmpty { return bytes }
      if chunk.count > limit - bytes.count { throw tooLarge }
      if bytes.isEmpty && chunk.count == expected { bytes = chunk } else { bytes += chunk }
    }
  }

  private static func readOnce(
    _ descriptor: Int32, _ base: UnsafeMutablePointer<UInt8>, _ count: Int
  )
    -> Int
  {
    #if canImport(Glibc)
      unsafe Glibc.read(descriptor, base, count)
    #elseif canImport(Musl)
      unsafe Musl.read(descriptor, base, count)
    #else
      unsafe Darwin.read(descriptor, base, count)
    #endif
  }

  /// Writes all bytes to an open file.
  static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws(EditingError) {
    var done = 0
    while done < bytes.count {
      let wrote = unsafe bytes.withUnsafeBytes { raw -> Int in
        guard let base = raw.baseAddress else { return 0 }
        #if canImport(Glibc)
          return unsafe Glibc.write(descriptor, base + done, raw.count - done)
        #elseif canImport(Musl)
          return unsafe Musl.write(descriptor, base + done, raw.count - done)
        #else
          return unsafe Darwin.write(descriptor, base + done, raw.count - done)
        #endif
      }
      if wrote < 0 {
        if errno == EINTR { continue }
        throw .unwritable(name: name, reason: reason(errno))
      }
      done += wrote
    }
  }

  /// A name by chance: numbers of processes are alike in several containers that share a folder.
  static func temporaryName() -> String {
    ".efface-\(String(UInt64.random(in: 0 ... .max), radix: 36)).tmp"
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(EditingError) {
    if path.isEmpty || status(path)?.isDirectory == true { return }
    try makeFolder(PathName(path).folder)
    if unsafe mkdir(path, 0o777) != 0 && errno != EEXIST {
      throw .unwritable(name: path, reason: reason(errno))
    }
  }

  /// Refuses a file's name whose folder is not there, or takes no new files; of a link, that of its file.
  static func checkFolder(of path: String) throws(EditingError) {
    let folder = PathName(destination(path)).folder
    // The point at its end makes it a folder, should it be something else.
    if unsafe access(PathName.join(folder, "."), W_OK | X_OK) != 0 {
      throw .unwritable(name: path, reason: reason(errno))
    }
  }

  /// A name in a folder.
  struct Name {
    /// The name; repaired where it is not UTF-8, so that it can be shown, but leads nowhere.
    var text: String
    /// Whether the name is UTF-8.
    var isUTF8: Bool
    /// Whether it is a folder's, links not followed, as far as the file system says so at once.
    var isFolder: Bool
  }

  /// The names in a folder, in byte order, without `.` and `..`.
  static func names(in folder: String) throws(EditingError) -> [Name] {
    guard let stream = unsafe opendir(folder) else {
      throw .unreadable(name: folder, reason: reason(errno))
    }
    defer { _ = unsafe closedir(stream) }
    var names: [Name] = []
    while true {
      // At the end of a folder and at an error it gives the same, but for this number.
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw .unreadable(name: folder, reason: reason(errno)) }
        break
      }
      let isFolder = unsafe Int(entry.pointee.d_type) == Int(DT_DIR)
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe Name(
            text: String(cString: $0), isUTF8: String(validatingCString: $0) != nil,
            isFolder: isFolder)
        }
      }
      if name.text != "." && name.text != ".." { names.append(name) }
    }
    return names.sorted { $0.text.precedes($1.text) }
  }

  /// The path with every link resolved; the path itself where nothing is there.
  static func canonical(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The one path of a file that is to be written, by whatever name: that of the file where one is there, else
  /// its name in the folder with every link resolved.
  static func destination(_ path: String) -> String {
    if status(path) != nil { return canonical(path) }
    let parts = PathName(path)
    return PathName.join(canonical(parts.folder.isEmpty ? "." : parts.folder), parts.name)
  }

  /// What all paths of one file have in common: where they lead, or the file's number, which hard links
  /// share.
  enum Identity: Hashable {
    case path([UInt8])
    case number(device: UInt64, file: UInt64)
  }

  /// What tells a path's file from others, links followed; empty where nothing is there.
  static func identities(_ path: String) -> [Identity] {
    var info = stat()
    guard unsafe stat(path, &info) == 0 else { return [] }
    return [
      .path(Array(canonical(path).utf8)),
      .number(
        device: UInt64(truncatingIfNeeded: info.st_dev),
        file: UInt64(truncatingIfNeeded: info.st_ino)),
    ]
  }

  /// Whether a name is in the way of a new file: that of a link that leads nowhere is.
  static func isTaken(_ path: String) -> Bool {
    var info = stat()
    return unsafe lstat(path, &info) == 0
  }

  /// Whether a path is a link.
  static func isLink(_ path: String) -> Bool {
    var info = stat()
    return unsafe lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFLNK
  }

  /// An error number in words.
  static func reason(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text).lowercasedFirstLetter
  }
}

extension String {
  fileprivate var lowercasedFirstLetter: String { prefix(1).lowercased() + dropFirst() }
}
