import Testing

@testable import Segmentation

/// Somebody, 10 cells wide and 30 high, in a map of 60 x 50 cells, with a bag of 8 x 8 cells at the right hand.
private struct Somebody {
  static let grid = Grid(height: 60, width: 50)
  var own = cells(rows: 10..<40, columns: 15..<25)
  var others = [Bool](repeating: false, count: 60 * 50)
  var hints = [Float](repeating: 0.02, count: 60 * 50)

  static func cells(rows: Range<Int>, columns: Range<Int>) -> [Bool] {
    (0..<60 * 50).map { rows.contains($0 / 50) && columns.contains($0 % 50) }
  }

  init(bag: [Bool] = cells(rows: 24..<32, columns: 25..<33), hint: Float = 0.2) {
    for cell in hints.indices { hints[cell] = own[cell] ? 0.95 : bag[cell] ? hint : 0.02 }
  }

  var parts: CarriedParts { CarriedParts(grid: Self.grid, own: own, others: others, hints: hints) }

  /// Whether something is carried where the network outlines it on being asked for the one candidate.
  func carries(_ thing: [Bool], surely: Bool = true) -> Bool {
    let candidates = parts.candidates()
    guard candidates.count == 1 else { return false }
    var answer = SoftCells(height: 60, width: 50)
    for cell in thing.indices where thing[cell] { answer.values[cell] = surely ? 0.9 : 0.7 }
    answer.setCertainty(from: answer.values)
    return parts.isCarried(answer, asked: candidates[0].cells)
  }
}

@Suite struct CarriedTests {
  private let bag = Somebody.cells(rows: 24..<32, columns: 25..<33)

  @Test func aBagIsCarried() {
    var somebody = Somebody()
    somebody.hints[27 * 50 + 29] = 0.4
    #expect(somebody.parts.candidates().map(\.strongest).allSatisfy { bag[$0] })
    #expect(somebody.carries(bag))
    #expect(!somebody.carries(bag, surely: false))
  }

  @Test func aBagIsAskedForInItsMiddle() {
    var somebody = Somebody()
    // Its strap looks most like the person.
    let strap = Somebody.cells(rows: 22..<24, columns: 26..<29)
    for cell in strap.indices where strap[cell] { somebody.hints[cell] = 0.3 }
    let middle = Somebody.cells(rows: 25..<30, columns: 27..<32)
    let asked = somebody.parts.candidates().map(\.strongest)
    #expect(asked.count == 1 && asked.allSatisfy { middle[$0] })
  }

  @Test func theAnswerMustBeWhatWasAskedFor() {
    let somebody = Somebody()
    #expect(!somebody.carries(Somebody.cells(rows: 10..<18, columns: 25..<33)))
    // A wall behind the bag.
    #expect(!somebody.carries(Somebody.cells(rows: 22..<34, columns: 25..<37)))
    // A hand that holds it.
    #expect(!somebody.carries(Somebody.cells(rows: 25..<29, columns: 25..<29)))
  }

  @Test func whatIsNotBesideThePersonIsNotCarried() {
    // Apart, and so no candidate; along the person's side; on the person.
    let apart = Somebody.cells(rows: 24..<32, columns: 28..<36)
    #expect(Somebody(bag: apart).parts.candidates().isEmpty)
    let rim = Somebody.cells(rows: 10..<40, columns: 25..<27)
    #expect(!Somebody(bag: rim).carries(Somebody.cells(rows: 10..<40, columns: 24..<27)))
    #expect(!Somebody().carries(Somebody.cells(rows: 24..<32, columns: 20..<33)))
    // Led out of what is seen.
    let long = Somebody.cells(rows: 26..<31, columns: 25..<50)
    #expect(!Somebody(bag: long).carries(long))
    let ended = Somebody.cells(rows: 26..<31, columns: 25..<49)
    #expect(Somebody(bag: ended).carries(ended))
  }

  @Test func hintsMustBeClearEnoughForTheSize() {
    #expect(!Somebody(hint: 0.09).carries(bag))
    #expect(Somebody(hint: 0.12).carries(bag))
    let crumb = Somebody.cells(rows: 24..<26, columns: 25..<29)
    #expect(!Somebody(bag: crumb).carries(crumb))
    let crowd = Somebody.cells(rows: 20..<38, columns: 25..<45)
    #expect(!Somebody(bag: crowd).carries(crowd))
  }

  @Test func otherObjectsAreNotCarried() {
    var somebody = Somebody()
    somebody.others = bag
    #expect(somebody.parts.candidates().isEmpty)
    // Nor what turns out to be one for the most part.
    somebody.others = Somebody.cells(rows: 24..<26, columns: 27..<33)
    #expect(!somebody.carries(bag))
  }
}
