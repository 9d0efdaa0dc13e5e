import Foundation
import Photos
import Tensors
import Testing

@testable import Editing

@Suite struct SelectionTests {
  @Test func unclearObjectsAreNamedInOneLine() {
    let names = (1...5).map { "person#\($0)" }
    func list(_ count: Int) -> String {
      SelectedMask.doubt(Array(names.prefix(count))).components(separatedBy: ":")[0]
    }
    #expect(list(1) == "person#1 has no clear outline")
    #expect(list(2) == "person#1 and person#2 have no clear outline")
    #expect(list(4) == "person#1, person#2, person#3 and person#4 have no clear outline")
    #expect(list(5) == "person#1, person#2, person#3 and 2 more have no clear outline")
  }

  @Test func onlyWhatTakesUpMuchOfABoxStandsOutInIt() {
    let box = Rectangle(x: 10, y: 10, width: 40, height: 80)
    func standsOut(_ width: Int, _ height: Int) -> Bool {
      SelectedMask.standsOut(Rectangle(x: 20, y: 20, width: width, height: height), in: box)
    }
    #expect(standsOut(10, 3) && standsOut(2, 20) && standsOut(40, 80))
    #expect(!standsOut(9, 19) && !SelectedMask.standsOut(nil, in: box))
  }

  /// A mask from a file knows its edge, and a place to keep beside it takes nothing from it.
  @Test func whatIsDrawnIsNotGrownLikeWhatIsFound() {
    func square(_ x: Int, _ y: Int) -> Mask {
      var mask = Mask(width: 200, height: 100)
      for row in y..<y + 10 { for column in x..<x + 10 { mask.values[row, column] = 255 } }
      return mask
    }
    var selected = SelectedMask(width: 200, height: 100)
    selected.draw(square(20, 40))
    selected.draw(square(40, 40))
    selected.mask = square(150, 40)
    selected.uncertainty = 12
    selected.kept = [(x: 31, y: 45), (x: 161, y: 45)]
    let whole = selected.grown(by: nil, feather: 0)
    let row = (0..<200).filter { whole.values[45, $0] != 0 }
    #expect(row == Array(17..<33) + Array(37..<53) + Array(138..<155) + Array(168..<172))
    var found = SelectedMask(width: 200, height: 100)
    found.mask = square(20, 40)
    let alone = found.grown(by: 0, feather: nil)
    #expect(alone.count == 100)
    var drawn = SelectedMask(width: 200, height: 100)
    drawn.draw(square(20, 40))
    let hand = drawn.grown(by: 1, feather: 0)
    #expect(hand.count == 140)
  }

  /// However long a picture is, what is found in it can be closed and grown.
  @Test(arguments: [(1_000, 4), (6_000, 24), (5_000_000, 1_000), (1 << 28, 1_000)])
  func theUncertaintyHasABound(longerSide: Int, expected: Int) {
    let uncertainty = SelectedMask.uncertainty(longerSide: longerSide)
    #expect(uncertainty == expected)
    var selected = SelectedMask(width: 10_000, height: 1)
    selected.mask = Mask(width: 10_000, height: 1)
    for x in 4_900..<5_100 { selected.mask.values[0, x] = 255 }
    selected.mask.close(radius: 2 * uncertainty)
    #expect(selected.mask.count == 200, "there is no gap")
    selected.uncertainty = uncertainty
    let grown = selected.grown(by: nil, feather: 0)
    #expect(grown.boundingBox?.width == 200 + 2 * uncertainty)
  }

  /// Another word for a class that cannot be asked for says what to do, like the class's own name.
  @Test(arguments: ["bicycle", "bike", "sofa", "boats"])
  func whatIsNotRecognizedIsToBeShown(_ word: String) {
    let reason = ignorance(of: word) ?? ""
    #expect(reason.contains("not recognized well enough") && reason.contains("--at"))
    #expect(ignorance(of: "people")?.contains("did you mean 'person'") == true)
    #expect(ignorance(of: "unicorn")?.contains("show anything else with --at") == true)
  }
}
