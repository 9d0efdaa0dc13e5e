import Photos
import Tensors
import Testing

@testable import Inpainting

@Suite struct HolePieceTests {
  /// A band of an even height that falls by a part of its length.
  func band(width: Int = 1_600, height: Int = 440, thickness: Int, fall: Double = 0.2) -> Mask {
    var mask = Mask(width: width, height: height)
    for x in 0..<width {
      let top = 20 + Int(fall * Double(x))
      for y in top..<top + thickness { mask.values[y, x] = 255 }
    }
    return mask
  }

  func pieces(of mask: borrowing Mask) throws -> [HolePiece] {
    try Inpainter(threads: 1, seed: 0).pieces(of: mask)
  }

  @Test func cutsAWireIntoPiecesThatCoverIt() throws {
    var mask = band(thickness: 9)
    let pieces = try pieces(of: mask)
    #expect(pieces.count == 4)
    for piece in pieces {
      #expect(piece.isThin && max(piece.box.width, piece.box.height) <= 512)
      for y in piece.box.y..<piece.box.maxY {
        for x in piece.box.x..<piece.box.maxX { mask.values[y, x] = 0 }
      }
    }
    let left = mask.count
    #expect(left == 0)
  }

  @Test func cutsUprightOnesAndSeveral() throws {
    var mask = Mask(width: 300, height: 1_500)
    for y in 0..<1_500 {
      for x in [40, 41, 42, 200, 201, 202] { mask.values[y, x] = 255 }
    }
    let pieces = try pieces(of: mask)
    #expect(pieces.count == 6 && pieces.allSatisfy(\.isThin))
  }

  @Test func leavesGridsWhole() throws {
    var mask = Mask(width: 1_400, height: 1_400)
    for y in 0..<1_400 {
      for x in 0..<1_400 where y % 60 < 3 || x % 60 < 3 { mask.values[y, x] = 255 }
    }
    let pieces = try pieces(of: mask)
    #expect(pieces.count == 1 && !pieces[0].isThin)
  }

  @Test func leavesThickAndShortHolesWhole() throws {
    let thick = try pieces(of: band(thickness: 80))
    #expect(thick.count == 1 && thick[0].box.width == 1_600 && !thick[0].isThin)
    let short = try pieces(of: band(width: 900, thickness: 9))
    #expect(short.count == 1 && short[0].box.width == 900 && !short[0].isThin)
  }

  @Test func fillsAWireAlikeAcrossItsPieces() throws {
    // A slope of brightness: a seam between pieces would break it.
    var photo = Tensor<UInt8>(height: 300, width: 1_200, channels: 3, repeating: 0)
    for y in 0..<300 {
      for x in 0..<1_200 {
        for c in 0..<3 { photo[y, x, c] = UInt8(60 + x / 12 + y / 10) }
      }
    }
    let truth = photo.copy()
    let mask = band(width: 1_200, height: 300, thickness: 7)
    for y in 0..<300 {
      for x in 0..<1_200 where mask.values[y, x] != 0 { for c in 0..<3 { photo[y, x, c] = 0 } }
    }
    let report = try Inpainter(threads: 2, seed: 1).fill(&photo, hole: mask, orientation: .up)
    #expect(report.windows == 3)
    var worst = 0
    for y in 0..<300 {
      for x in 0..<1_200 {
        for c in 0..<3 { worst = max(worst, abs(Int(photo[y, x, c]) - Int(truth[y, x, c]))) }
      }
    }
    #expect(worst <= 4)
  }
}
