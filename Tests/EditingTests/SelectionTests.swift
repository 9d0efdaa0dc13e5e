import Photos
import Testing

@testable import Editing

@Suite struct SelectionTests {
  @Test func onlyWhatTakesUpMuchOfABoxStandsOutInIt() {
    let box = Rectangle(x: 10, y: 10, width: 40, height: 80)
    func standsOut(_ width: Int, _ height: Int) -> Bool {
      SelectedMask.standsOut(Rectangle(x: 20, y: 20, width: width, height: height), in: box)
    }
    #expect(standsOut(10, 3) && standsOut(2, 20) && standsOut(40, 80))
    #expect(!standsOut(9, 19) && !SelectedMask.standsOut(nil, in: box))
  }
}
