import Kernels
import Networks
import Segmentation

/// What is known of a network inside the program.
public struct ModelCard: Sendable {
  private let network: Network
  /// Thousand millions of products that a run takes.
  private let computed: Double

  private init(_ embedded: Network.Embedded) throws(NetworkError) {
    network = try .embedded(embedded)
    computed = Double(try network.productsPerRun()) / 1e9
  }

  /// The networks, in the order of their use.
  public static func all() throws(EditingError) -> [ModelCard] {
    do {
      return [try ModelCard(.segmentation), try ModelCard(.inpainting)]
    } catch {
      throw .network(message: "a network inside the program cannot be read: \(error)")
    }
  }

  /// The network's name and version.
  var title: String { "\(network.name) \(network.version)" }

  /// The card as a JSON object.
  public var json: JSONValue {
    var members: [(key: String, value: JSONValue)] = [
      (key: "name", value: .string(network.name)),
      (key: "version", value: .string(network.version)),
      (key: "input_size", value: .integer(network.inputSize)),
    ]
    for key in ["dense_parameters", "stored_parameters", "sparsity", "fp32_bytes"] {
      members.append((key: key, value: JSONValue(network.card[key])))
    }
    members.append((key: "file_bytes", value: .integer(network.fileSize)))
    members.append((key: "gmac", value: JSONValue(network.card["gmac"])))
    members.append((key: "computed_gmac", value: .number(computed, digits: 3)))
    members.append((key: "quality", value: JSONValue(network.card["quality"])))
    return .object(members)
  }

  /// The card as lines of text.
  public var text: String {
    func figure(_ key: String) -> Double? { network.card[key]?.number }
    func millions(_ value: Double?) -> String {
      value.map { JSONValue.decimal($0 / 1e6, digits: 2) + " million" } ?? "unknown"
    }
    var lines = [title]
    lines.append("  input         \(network.inputSize) pixels")
    lines.append(
      "  weights       \(millions(figure("stored_parameters"))) stored of "
        + "\(millions(figure("dense_parameters"))) dense"
        + (figure("sparsity").map { " (\(JSONValue.decimal($0 * 100, digits: 1)) % pruned)" } ?? "")
    )
    var size = "  size          \(JSONValue.decimal(Double(network.fileSize) / 1e6, digits: 2)) MB"
    if let dense = figure("fp32_bytes") {
      size += " (32-bit floats: \(JSONValue.decimal(dense / 1e6, digits: 2)) MB)"
    }
    lines.append(size)
    lines.append(
      "  arithmetic    \(JSONValue.decimal(computed, digits: 2)) thousand million products a run"
        + (figure("gmac").map { ", \(JSONValue.decimal($0, digits: 2)) without skipping" } ?? ""))
    if network.name == "segmentation" {
      lines.append("  names         \(Segmenter.classNames.joined(separator: ", "))")
    }
    let quality = JSONValue(network.card["quality"])
    if quality != .null { lines += Self.lines("quality", quality, indent: "  ") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A value for reading: plain members on one line, others below each other.
  private static func lines(_ name: String, _ value: JSONValue, indent: String) -> [String] {
    switch value {
    case .object(let members) where members.contains { $0.value.isObject }:
      return [indent + name] + members.flatMap { lines($0.key, $0.value, indent: indent + "  ") }
    case .object(let members):
      let figures = members.map { "\($0.key) \($0.value.text)" }
      return ["\(indent)\(name): \(figures.joined(separator: ", "))"]
    case .string(let text): return ["\(indent)\(name): \(text)"]
    default: return ["\(indent)\(name): \(value.text)"]
    }
  }
}

/// The line that says which kernels run.
public func kernelSummary() throws(EditingError) -> String {
  do {
    return "kernels: \(try InstructionSet.requested())"
  } catch {
    throw .usage("\(error)")
  }
}

extension JSONValue {
  fileprivate var isObject: Bool {
    if case .object = self { return true }
    return false
  }

  /// A value of a network's description, or `null`; members are ordered by their names.
  fileprivate init(_ json: JSON?) {
    switch json {
    case nil, .null: self = .null
    case .bool(let value): self = .boolean(value)
    case .number(let value):
      self = Int(exactly: value).map { .integer($0) } ?? .number(value, digits: 6)
    case .string(let value): self = .string(value)
    case .array(let values): self = .array(values.map { JSONValue($0) })
    case .object(let members):
      self = .object(
        members.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue($0.value)) })
    }
  }
}
