import Photos
import Testing

@Test(arguments: Orientation.allCases) func uprightAndStoredAreInverse(_ orientation: Orientation) {
  let (width, height) = (5, 3)
  let upright = orientation.uprightSize(width: width, height: height)
  for y in 0..<upright.height {
    for x in 0..<upright.width {
      let stored = orientation.stored(x: x, y: y, width: width, height: height)
      let back = orientation.upright(x: stored.x, y: stored.y, width: width, height: height)
      #expect(back == (x, y))
    }
  }
}
