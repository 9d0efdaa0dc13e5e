import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The instruction set whose kernels run.
public enum InstructionSet: Int32, Sendable, CaseIterable {
  /// Plain code.
  case scalar
  /// x86-64 with AVX2.
  case avx2
  /// x86-64 with AVX2 and AVX-VNNI.
  case avxvnni
  /// x86-64 with AVX-512 and its VNNI.
  case avx512vnni
  /// ARM64 with dot products.
  case neon
  /// ARM64 with dot products and matrix multiplication of bytes.
  case neoni8mm

  init(_ isa: efk_isa) { self = InstructionSet(rawValue: isa.rawValue) ?? .scalar }

  /// The widest one that this machine runs.
  public static var best: InstructionSet {
    InstructionSet(rawValue: efk_best_isa().rawValue) ?? .scalar
  }

  /// Those that this machine runs, from the plainest to the widest.
  public static var available: [InstructionSet] {
    allCases.filter { KernelTable($0) != nil }
  }

  /// The one that `EFFACE_ISA` asks for, or the best where the variable is not set.
  ///
  /// - Throws: `InstructionSetError` where the variable names none, or one that this machine lacks.
  public static func requested() throws(InstructionSetError) -> InstructionSet {
    guard let value = unsafe getenv("EFFACE_ISA") else { return best }
    let name = unsafe String(cString: value)
    if name.isEmpty { return best }
    guard let set = allCases.first(where: { "\($0)" == name }) else {
      throw InstructionSetError.unknown(name)
    }
    guard KernelTable(set) != nil else { throw InstructionSetError.unavailable(set) }
    return set
  }
}

/// What is wrong with the instruction set that `EFFACE_ISA` asks for.
public enum InstructionSetError: Error, Equatable, CustomStringConvertible {
  /// No instruction set has this name.
  case unknown(String)
  /// This machine cannot run it.
  case unavailable(InstructionSet)

  /// One line that names the variable and what it may hold here.
  public var description: String {
    let available = InstructionSet.available.map { "\($0)" }.joined(separator: ", ")
    switch self {
    case .unknown(let name):
      return "EFFACE_ISA is '\(name)', which is no instruction set: use one of \(available)"
    case .unavailable(let set):
      return "EFFACE_ISA is '\(set)', which this machine cannot run: use one of \(available)"
    }
  }
}

/// The kernels of one instruction set.
///
/// Operations take a table as their last argument, `current` by default: the choice is made once a
/// process, above every loop, and tests compare the tables with each other.
@safe
public struct KernelTable: @unchecked Sendable {
  let table: UnsafePointer<efk_kernels>

  /// The kernels of an instruction set, or `nil` where this machine cannot run them.
  public init?(_ set: InstructionSet) {
    guard let table = unsafe efk_kernels_for(efk_isa(rawValue: set.rawValue)) else { return nil }
    unsafe self.table = table
  }

  /// The instruction set.
  public var instructionSet: InstructionSet { InstructionSet(unsafe table.pointee.isa) }

  var quantized: efk_quantized { unsafe table.pointee.quantized.pointee }

  /// The kernels that the process runs: what `EFFACE_ISA` asks for, or the best.
  ///
  /// A program that lets its user set the variable calls `InstructionSet.requested()` first and
  /// reports what it throws; here an impossible request is a programming error and stops the process.
  public static let current: KernelTable = {
    do {
      let set = try InstructionSet.requested()
      guard let table = KernelTable(set) else { throw InstructionSetError.unavailable(set) }
      return table
    } catch {
      fatalError("\(error)")
    }
  }()
}
