// Times every quantized operation on sizes like the networks', and prints giga-multiply-adds a second
// and percent of what the same instruction set does in registers.
//
//   swift run -c release --package-path Tests/Benchmarks kernel-benchmarks [instruction set] [threads]

import CPeak
import Kernels
import Tensors

let arguments = CommandLine.arguments
let wanted = arguments.count > 1 ? arguments[1] : "\(InstructionSet.best)"
let threads = arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1
guard let set = InstructionSet.available.first(where: { "\($0)" == wanted }),
  let table = KernelTable(set)
else { fatalError("use one of \(InstructionSet.available)") }

/// The shortest of several timings, in seconds: each at least a few milliseconds long.
func time(_ body: () -> Void) -> Double {
  let clock = ContinuousClock()
  body()
  var rounds = 1
  var best = Double.infinity
  var spent = 0.0
  while spent < 0.25 {
    let elapsed = clock.measure { for _ in 0..<rounds { body() } }
    let seconds =
      Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    spent += seconds
    if seconds < 0.002 { rounds *= 2 } else { best = min(best, seconds / Double(rounds)) }
  }
  return best
}

/// The same of a plan, which runs as in a network.
func time(_ plan: any QuantizedPlan) -> Double {
  let sequence = PlanSequence([plan], threads: threads)
  return time { sequence.run() }
}

func randomPlanes(_ height: Int, _ width: Int, _ channels: Int, border: Int) -> QuantizedPlanes {
  var tensor = Tensor<UInt8>(height: height, width: width, channels: channels, repeating: 0)
  var span = tensor.mutableSpan
  for position in span.indices { span[position] = UInt8.random(in: 0...255) }
  return QuantizedPlanes(tensor, border: border, zeroPoint: 0)
}

/// A weight spread as in the trained networks' 3x3 layers: with AVX2 the time depends on it.
///
/// The standard deviation is 26. No two neighbours sum to more than 128, as the exporter rounds them: `to_bytes` of `Training` says why.
func randomWeight() -> Int8 {
  let sum = (0..<4).reduce(0) { sum, _ in sum + Int.random(in: -22...22) }
  return Int8(max(-64, min(64, sum)))
}

func convolutionWeights(
  kernel: Int, _ input: Int, _ output: Int, density: Double
) -> ConvolutionWeights? {
  let columns = kernel * kernel * input / 4
  var kept: [UInt16] = []
  var rows: [UInt32] = [0]
  for _ in 0..<output / 16 {
    for column in 0..<columns where density >= 1 || Double.random(in: 0..<1) < density {
      kept.append(UInt16(column))
    }
    rows.append(UInt32(kept.count))
  }
  return ConvolutionWeights(
    kernel: kernel, inputChannels: input, outputChannels: output,
    blocks: ReadOnlyArray((0..<kept.count * 64).map { _ in randomWeight() }),
    columns: ReadOnlyArray(kept), rows: ReadOnlyArray(rows),
    bias: ReadOnlyArray([Int32](repeating: 0, count: output)),
    scale: ReadOnlyArray([Float](repeating: 0.001, count: output)))
}

let peak: Double = {
  let rounds = 2_000_000
  var sum = 0.0
  let seconds = time { sum += efp_spin(set.rawValue, rounds) }
  return efp_spin(set.rawValue, rounds) / seconds / 1e9 * Double(threads)
}()

func pad(_ text: String, _ width: Int) -> String {
  text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
}

func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

func report(_ name: String, gmac: Double, seconds: Double) {
  let rate = gmac / seconds
  print(
    pad(name, 46), pad(tenths(seconds * 1e6) + " µs", 14), pad(tenths(rate) + " GMAC/s", 18),
    tenths(100 * rate / peak) + " % of peak")
}

print("\(set), \(threads) thread(s), measured peak \(tenths(peak)) GMAC/s")

let range = OutputRange(zeroPoint: 0)
for (kernel, size, channels) in [
  (3, 128, 32), (3, 64, 64), (3, 64, 128), (3, 32, 128), (3, 32, 192), (3, 16, 192), (3, 16, 256),
  (3, 8, 256), (1, 64, 64), (1, 64, 128), (1, 32, 256), (1, 16, 512),
] {
  var dense = 0.0
  for density in [1, 0.5, 0.25] {
    guard
      let weights = convolutionWeights(kernel: kernel, channels, channels, density: density)
    else { continue }
    let input = randomPlanes(size, size, channels, border: kernel / 2)
    let layout = PlaneLayout(
      height: size, width: size, channels: channels, border: kernel / 2)
    let plan = ConvolutionPlan(
      input, weights: weights,
      geometry: ConvolutionGeometry(kernel: kernel, padding: kernel / 2),
      output: .quantized(QuantizedPlanes(layout, zeroPoint: 0), range), table: table)
    let seconds = time(plan)
    if density == 1 { dense = seconds }
    let gmac = Double(size * size * weights.columns.count * 64) / 1e9
    let gain = density == 1 ? "" : ", \(tenths(dense / seconds)) x dense"
    report(
      "conv \(kernel)x\(kernel) \(size)x\(size)x\(channels) \(Int(density * 100)) %\(gain)",
      gmac: gmac, seconds: seconds)
  }
}

for (kernel, stride, size, channels) in [
  (3, 1, 64, 96), (3, 1, 32, 192), (3, 1, 16, 384), (3, 2, 64, 96), (5, 1, 32, 192),
  (5, 2, 32, 192),
] {
  let taps = channels * kernel * ((kernel + 3) / 4) * 4
  guard
    let weights = DepthwiseWeights(
      kernel: kernel, channels: channels,
      taps: ReadOnlyArray(
        (0..<taps).map { position in
          position / 64 % ((kernel + 3) / 4) * 4 + position % 4 < kernel
            ? Int8.random(in: -127...127) : 0
        }),
      bias: ReadOnlyArray([Int32](repeating: 0, count: channels)),
      scale: ReadOnlyArray([Float](repeating: 0.01, count: channels)))
  else { continue }
  let input = randomPlanes(size, size, channels, border: kernel / 2)
  let geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: kernel / 2)
  let out = geometry.outputSize(size)
  let layout = PlaneLayout(height: out, width: out, channels: channels, border: 0)
  let plan = DepthwisePlan(
    input, weights: weights, geometry: geometry, output: QuantizedPlanes(layout, zeroPoint: 0),
    range: range, table: table)
  let seconds = time(plan)
  report(
    "depthwise \(kernel)x\(kernel) stride \(stride) \(size)x\(size)x\(channels)",
    gmac: Double(out * out * channels * kernel * kernel) / 1e9, seconds: seconds)
}

for mode in AdditionMode.allCases {
  let (size, channels) = (64, 128)
  let other = mode == .same ? size : mode == .nearest2 ? size / 2 : 1
  let a = randomPlanes(size, size, channels, border: 0)
  let b = randomPlanes(other, other, channels, border: 0)
  let layout = PlaneLayout(height: size, width: size, channels: channels, border: 1)
  let plan = AdditionPlan(
    a, scale: 0.5, b, scale: 0.5, mode: mode, output: QuantizedPlanes(layout, zeroPoint: 0),
    range: range, table: table)
  let seconds = time(plan)
  let bytes = Double(size * size * channels * 2 + other * other * channels)
  print(
    pad("add \(mode) \(size)x\(size)x\(channels)", 46), pad(tenths(seconds * 1e6) + " µs", 14),
    tenths(bytes / seconds / 1e9) + " GB/s")
}
