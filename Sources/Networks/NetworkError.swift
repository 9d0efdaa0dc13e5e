import Kernels

/// Why a network cannot be loaded or run.
public enum NetworkError: Error, Equatable, CustomStringConvertible {
  /// The file is not a whole safetensors file: what is wrong with it.
  case damagedFile(String)
  /// The file's metadata is not JSON: what is wrong, and at which byte.
  case damagedText(String, position: Int)
  /// The description of the graphs lacks something or contradicts itself or the weights.
  case badGraph(String)
  /// The file needs a newer version of the program.
  case newerFormat(Int)
  /// No graph, value, input or output has this name.
  case unknownName(String)
  /// The picture's size or channels do not suit the network.
  case badSize(String)
  /// The instruction set that was asked for cannot run.
  case instructionSet(InstructionSetError)

  /// One line that says what is wrong.
  public var description: String {
    switch self {
    case .damagedFile(let reason): return "damaged network file: \(reason)"
    case .damagedText(let reason, let position):
      return "damaged network file: \(reason) at byte \(position) of its description"
    case .badGraph(let reason): return "unusable network file: \(reason)"
    case .newerFormat(let version):
      return "network file of format \(version), which is newer than this program: update it"
    case .unknownName(let name): return "the network has no '\(name)'"
    case .badSize(let reason): return "unsuitable picture for the network: \(reason)"
    case .instructionSet(let error): return error.description
    }
  }
}
