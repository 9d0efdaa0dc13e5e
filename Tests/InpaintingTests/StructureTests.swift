import Foundation
import Kernels
import Networks
import Photos
import Tensors
import Testing

@testable import Inpainting

@Suite struct StructureTests {
  func fixture(_ name: String, channels: Int) throws -> Tensor<UInt8> {
    let url = try #require(
      Bundle.module.url(
        forResource: "prefill-64x96.\(name)", withExtension: "bin",
        subdirectory: "Fixtures"))
    let bytes = [UInt8](try Data(contentsOf: url))
    var image = Tensor<UInt8>(height: 96, width: 64, channels: channels, repeating: 0)
    var index = 0
    for y in 0..<96 {
      for x in 0..<64 {
        for c in 0..<channels {
          image[y, x, c] = bytes[index]
          index += 1
        }
      }
    }
    #expect(index == bytes.count)
    return image
  }

  /// The trainer's own bytes: what the network was trained to see.
  @Test func packsWhatTheTrainerPacks() throws {
    let hole = try fixture("hole", channels: 1)
    let packed = packedInput(try fixture("rgb", channels: 3), hole: hole)
    let expected = try fixture("fill", channels: 3)
    for y in 0..<96 {
      for x in 0..<64 {
        for c in 0..<3 { #expect(abs(Int(packed[y, x, c]) - Int(expected[y, x, c])) <= 1) }
        #expect(packed[y, x, 3] == (hole[y, x] == 0 ? 128 : 255))
      }
    }
  }

  @Test func framesHolesWithContext() {
    func frame(_ box: Rectangle, _ height: Int, _ width: Int) -> NetworkFrame {
      NetworkFrame(box: box, height: height, width: width, inputSize: 256, multiple: 32)
    }
    let middle = frame(Rectangle(x: 1000, y: 900, width: 600, height: 300), 3000, 4000)
    #expect(middle.region.rows == 150..<1950)
    #expect(middle.region.columns == 400..<2200)
    #expect((middle.height, middle.width) == (256, 256))
    let corner = frame(Rectangle(x: 0, y: 0, width: 10, height: 10), 3000, 4000)
    #expect(corner.region.rows == 0..<128)
    #expect((corner.height, corner.width) == (128, 128))
    let tiny = frame(Rectangle(x: 0, y: 0, width: 1, height: 1), 1, 1)
    #expect(tiny.region.rows == 0..<1)
    #expect((tiny.height, tiny.width) == (128, 128))
    let wide = frame(Rectangle(x: 0, y: 0, width: 900, height: 100), 400, 2000)
    #expect(wide.region.height == 400 && wide.region.width == 2000)
    #expect((wide.height, wide.width) == (128, 256))
  }

  /// A network prefers neither side: it is shown the mirror image as well.
  @Test func aMirroredPhotoGetsTheMirroredPicture() throws {
    let network = try Network.embedded(.inpainting)
    let photo = texture(height: 128, width: 128)
    var hole = Tensor<UInt8>(height: 128, width: 128, repeating: 0)
    for y in 40..<80 { for x in 30..<90 where x + y < 150 { hole[y, x] = 255 } }
    func picture(
      _ photo: borrowing Tensor<UInt8>, _ hole: borrowing Tensor<UInt8>
    ) throws -> Tensor<UInt8> {
      let box = Rectangle(x: 0, y: 0, width: 128, height: 128)
      let seen = try Structure(
        network, pixels: photo, hole: hole, box: box, orientation: .up, threads: 1)
      return seen.picture.copy()
    }
    let mirror = Orientation.upMirrored
    let plain = try picture(photo, hole)
    let mirrored = mirror.upright(try picture(mirror.upright(photo), mirror.upright(hole)))
    var (changed, unlike) = (0, 0)
    for i in plain.span.indices {
      changed += plain.span[i] != photo.span[i] ? 1 : 0
      // The smooth fill's sums are rounded in another order.
      unlike += abs(Int(plain.span[i]) - Int(mirrored.span[i])) > 1 ? 1 : 0
    }
    #expect(changed > 3_000)
    #expect(unlike * 500 < changed, "\(unlike) of \(changed)")
  }

  /// A photo turned on its side gets the upright photo's fill, turned.
  @Test(arguments: Orientation.allCases)
  func looksAtThePhotoUpright(orientation: Orientation) throws {
    let network = try Network.embedded(.inpainting)
    let upright = texture(height: 140, width: 150)
    let uprightBox = Rectangle(x: 50, y: 60, width: 30, height: 20)
    let size = orientation.swapsSides ? (140, 150) : (150, 140)
    var stored = Tensor<UInt8>(height: size.1, width: size.0, channels: 3, repeating: 0)
    var hole = Tensor<UInt8>(height: size.1, width: size.0, repeating: 0)
    var uprightHole = Tensor<UInt8>(height: 140, width: 150, repeating: 0)
    var (left, top) = (Int.max, Int.max)
    for y in 0..<140 {
      for x in 0..<150 {
        let to = orientation.stored(x: x, y: y, width: size.0, height: size.1)
        for c in 0..<3 { stored[to.y, to.x, c] = upright[y, x, c] }
        if (60..<80).contains(y) && (50..<80).contains(x) {
          uprightHole[y, x] = 255
          hole[to.y, to.x] = 255
          left = min(left, to.x)
          top = min(top, to.y)
        }
      }
    }
    let box =
      orientation.swapsSides
      ? Rectangle(x: left, y: top, width: 20, height: 30)
      : Rectangle(x: left, y: top, width: 30, height: 20)
    let expected = try Structure(
      network, pixels: upright, hole: uprightHole, box: uprightBox, orientation: .up, threads: 1)
    let turned = try Structure(
      network, pixels: stored, hole: hole, box: box, orientation: orientation, threads: 2)
    #expect(turned.region.height == 128 && turned.region.width == 128)
    // Resizing rounds rows before columns, so that a turned picture may differ by a level here and
    // there, and the network by a few.
    let (height, width) = (expected.picture.height, expected.picture.width)
    var difference = 0
    for y in 0..<height {
      for x in 0..<width {
        let at = orientation.stored(
          x: x, y: y, width: turned.picture.width, height: turned.picture.height)
        for c in 0..<3 {
          difference += abs(
            Int(turned.picture[at.y, at.x, c]) - Int(expected.picture[y, x, c]))
        }
      }
    }
    #expect(Double(difference) / Double(3 * height * width) < 0.25)
  }
}
