// Times a network file, as a whole.
//
//   swift run -c release --package-path Tests/Benchmarks network-benchmarks \
//     (inpainting | segmentation | FILE) [height] [width] [threads] [rounds]
//
// With "nodes" after the rounds, prints the least microseconds of each node instead. Otherwise
// prints one JSON line: milliseconds to load, to plan and of the first run, then the median, the least
// and all of the rounds; bytes of the arena, and the process's peak memory.

import Foundation
import Kernels
import Networks
import Tensors

let arguments = CommandLine.arguments
let name = arguments.count > 1 ? arguments[1] : "inpainting"
let clock = ContinuousClock()

func milliseconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
}

func number(_ position: Int, _ standard: Int) -> Int {
  arguments.count > position ? Int(arguments[position]) ?? standard : standard
}

/// A line of `/proc/self/status` in bytes, or 0 where there is none.
func memory(_ key: String) -> Int {
  guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
    return 0
  }
  for line in status.split(separator: "\n") where line.hasPrefix(key) {
    return (Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "0") ?? 0) * 1024
  }
  return 0
}

func read(_ path: String) throws -> Network {
  let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
  return try Network(copying: bytes.span)
}

func picture(_ height: Int, _ width: Int, _ channels: Int) -> Tensor<UInt8> {
  var pixels = Tensor<UInt8>(height: height, width: width, channels: channels, repeating: 128)
  var span = pixels.mutableSpan
  for position in span.indices { span[position] = UInt8(truncatingIfNeeded: position &* 37) }
  return pixels
}

let idle = memory("VmRSS")
let start = clock.now
let network: Network
switch name {
case "inpainting": network = try .embedded(.inpainting)
case "segmentation": network = try .embedded(.segmentation)
default:
  network = try read(name)
}
let loaded = clock.now
let height = number(2, network.inputSize)
let width = number(3, height)
let threads = number(4, 1)
let session = try GraphSession(network, height: height, width: width, threads: threads)
let planned = clock.now
let channels = network.name == "inpainting" ? 4 : 3
try session.setInput(picture(height, width, channels))
session.run()
let ran = clock.now

var rounds: [Double] = []
for _ in 0..<number(5, 30) {
  rounds.append(milliseconds(clock.measure { session.run() }))
}
if arguments.last == "nodes" {
  var least: [Double] = []
  var names: [String] = []
  for _ in 0..<number(5, 30) {
    let timings = session.runMeasured()
    names = timings.map(\.node)
    let these = timings.map { milliseconds($0.duration) * 1e3 }
    least = least.isEmpty ? these : zip(least, these).map(min)
  }
  for (name, time) in zip(names, least) { print(name, (time * 10).rounded() / 10) }
  print("all", least.reduce(0, +).rounded())
  exit(0)
}
let sorted = rounds.sorted()
print(
  """
  {"network": "\(network.name)", "height": \(height), "width": \(width), "threads": \(threads), \
  "isa": "\(KernelTable.current.instructionSet)", "load_ms": \(milliseconds(loaded - start)), \
  "plan_ms": \(milliseconds(planned - loaded)), "first_run_ms": \(milliseconds(ran - planned)), \
  "median_ms": \(sorted[sorted.count / 2]), "least_ms": \(sorted[0]), \
  "arena_bytes": \(session.arenaByteCount), \
  "memory_over_idle_bytes": \(memory("VmHWM") - idle), "rounds_ms": \(rounds)}
  """)
