import ArgumentParser
import Editing

/// What the exit status tells the caller.
enum ExitStatus: Int32 {
  /// All is done.
  case done = 0
  /// Some photo failed.
  case failed = 1
  /// Nothing matched the selection, in no photo.
  case nothingMatched = 2
  /// The command was called wrongly.
  case usage = 64

  init(_ error: EditingError) {
    switch error.kind {
    case .failure: self = .failed
    case .nothingMatched: self = .nothingMatched
    case .usage: self = .usage
    }
  }

  /// The status of several photos: one failure counts more than any success; photos in which nothing
  /// matched count only when there are no others.
  init(_ statuses: [RemovalReport.Status]) {
    if statuses.contains(.failed) {
      self = .failed
    } else if !statuses.isEmpty && statuses.allSatisfy({ $0 == .nothingMatched }) {
      self = .nothingMatched
    } else {
      self = .done
    }
  }

  var code: ExitCode { ExitCode(rawValue) }
}
