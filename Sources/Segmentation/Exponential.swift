/// e to the power of `x`, to about six digits; 0 below −80.
///
/// Written out so that this module needs no C mathematics: 2^n times a polynomial on −½…½ of log2.
func exponential(_ x: Float) -> Float {
  if x < -80 { return 0 }
  let scaled = min(x, 80) * 1.442_695_04
  let whole = scaled.rounded()
  let t = (scaled - whole) * 0.693_147_18
  let series = 1 + t * (1 + t * (0.5 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t / 720)))))
  return Float(sign: .plus, exponent: Int(whole), significand: 1) * series
}

/// The natural logarithm of a positive `x` to about six digits, by Halley's iteration: for tables.
func logarithm(_ x: Float) -> Float {
  var y: Float = 0
  for _ in 0..<12 {
    let power = exponential(y)
    y += 2 * (x - power) / (x + power)
  }
  return y
}
