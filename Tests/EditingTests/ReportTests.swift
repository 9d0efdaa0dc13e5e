import Photos
import Tensors
import Testing

@testable import Editing
@testable import ImageCodecs

@Suite struct ReportTests {
  @Test func writesJSONInOrder() {
    let value = JSONValue.members([
      "b": .integer(-3), "a": .number(1.23456, digits: 2), "text": .string("a\"b\\c\n\u{1}é"),
      "none": .null, "list": .array([.boolean(true), .optional(nil)]),
      "whole": .number(5, digits: 3), "bad": .number(.nan, digits: 1),
    ])
    #expect(
      value.text
        == #"{"b": -3, "a": 1.23, "text": "a\"b\\c\n\u0001é", "none": null, "#
        + #""list": [true, null], "whole": 5, "bad": null}"#)
  }

  @Test func reportsEveryKeyOfTheContract() {
    let report = RemovalReport(input: "a.jpg", failure: .exists(name: "b.jpg"))
    let keys = [
      "input", "output", "width", "height", "status", "error", "removed", "mask_pixels",
      "timings_ms", "peak_memory_bytes",
    ]
    for key in keys { #expect(report.json.text.contains("\"\(key)\": ")) }
    for key in ["decode", "segment", "inpaint", "detail", "encode", "total"] {
      #expect(report.json.text.contains("\"\(key)\": "))
    }
  }

  @Test func aFailureFilledNothing() {
    var report = RemovalReport(input: "a.jpg", status: .done)
    report.removed = [
      .init(box: Rectangle(x: 0, y: 0, width: 2, height: 2), area: 4)
    ]
    report.maskPixels = 9
    report.fail(.exists(name: "b.jpg"))
    #expect(report.json.text.contains(#""removed": [], "mask_pixels": 0,"#))
    // What is written has lost it, whatever failed afterwards.
    report.output = "b.jpg"
    report.maskPixels = 9
    report.fail(.exists(name: "c.jpg"))
    #expect(report.maskPixels == 9)
  }

  /// Colours of less resolution reach a pixel beyond the blocks that are coded anew.
  @Test func saysWherePixelsMayDiffer() {
    let comparison = FileComparison(
      pixels: 100, differing: 9, differingOutsideMask: 2, box: nil,
      blocks: .init(total: 4, differing: 1, outsideMask: 0, differingCoefficients: 3),
      metadata: [])
    let text = Verification(comparison: comparison, hasMask: true).text
    #expect(text.contains("2 outside the mask, in or right beside blocks that it touches\n"))
  }

  @Test func namesEverySeedExactly() {
    var report = RemovalReport(input: "a.jpg", status: .done)
    report.variants = [.init(output: "b.jpg", seed: .max)]
    #expect(report.json.text.contains(#""seed": 18446744073709551615}"#))
  }

  @Test(arguments: [
    ("persom", ["person"]), ("people", ["person"]), ("bike", ["bicycle"]), ("cars", ["car"]),
    ("acr", ["car"]),
    ("plant", ["potted plant"]), ("vehicle", ["bus", "car"]), ("unicorn", []), ("", []),
  ])
  func suggestsNamesThatAreNearlyMeant(_ word: String, _ names: [String]) {
    let known = ["bicycle", "bus", "car", "person", "potted plant"]
    #expect(nearestNames(to: word, among: known) == names)
  }

  @Test func readsNamesOfObjects() {
    #expect(Selection.ObjectName("Person#2")?.description == "person#2")
    #expect(Selection.ObjectName("potted plant")?.ordinal == nil)
    for wrong in ["", "#1", "car#", "car#0", "car#-1", "car#x", "a#1#2"] {
      #expect(Selection.ObjectName(wrong) == nil)
    }
  }
}

@Suite struct MaskGrowthTests {
  @Test func fadesWithinTheGrowthOnly() {
    var mask = Mask(width: 40, height: 40)
    for y in 18..<22 { for x in 18..<22 { mask.values[y, x] = 255 } }
    let plan = GrowthPlan(
      components: mask.components, width: 40, height: 40, grow: 6, feather: 3)
    mask.grow(by: plan)
    for y in 0..<40 {
      for x in 0..<40 {
        let dx = max(18 - x, x - 21, 0)
        let dy = max(18 - y, y - 21, 0)
        let distance = Double(dx * dx + dy * dy).squareRoot()
        let value = mask.values[y, x]
        if distance <= 3 {
          #expect(value == 255)
        } else if distance <= 6 {
          #expect(value > 0 && value < 255)
        } else {
          #expect(value == 0)
        }
      }
    }
    #expect(mask.values[20, 25] > mask.values[20, 26])
  }

  @Test func closesSlitsAndKeepsTheOutline() {
    var mask = Mask(width: 60, height: 40)
    for y in 10..<30 { for x in 10..<50 where x != 30 && x != 31 { mask.values[y, x] = 255 } }
    let count = mask.count
    mask.close(radius: 0)
    #expect(mask.count == count)
    mask.close(radius: 3)
    for y in 0..<40 {
      for x in 0..<60 {
        let isInside = (10..<30).contains(y) && (10..<50).contains(x)
        // The slit's two ends are open: a disc reaches a little into them.
        let isSlitEnd = (30...31).contains(x) && (y < 12 || y >= 28)
        if !isSlitEnd { #expect((mask.values[y, x] != 0) == isInside, "\(x), \(y)") }
      }
    }
    var empty = Mask(width: 5, height: 5)
    empty.close(radius: 2)
    #expect(empty.count == 0)
  }

  @Test func fillsSmallGapsOnly() {
    var mask = Mask(width: 100, height: 90)
    for y in 0..<80 { for x in 10..<90 { mask.values[y, x] = 255 } }
    // A small gap in the shape of an L, and one that lies in its box; a large one; two that are open.
    let small = [(30, 30), (31, 30), (32, 30), (30, 31), (30, 32), (32, 32)]
    for (x, y) in small { mask.values[y, x] = 0 }
    for y in 50..<65 { for x in 50..<65 { mask.values[y, x] = 0 } }
    for y in 0..<6 { mask.values[y, 40] = 0 }
    for y in 70..<80 { mask.values[y, 70] = 0 }
    let count = mask.count
    mask.fillGaps(upTo: 0.01)
    #expect(mask.count == count + small.count)
    for (x, y) in small { #expect(mask.values[y, x] == 255) }
    var full = Mask(width: 6, height: 4)
    for y in 0..<4 { for x in 0..<6 { full.values[y, x] = 255 } }
    full.values[2, 3] = 0
    full.fillGaps(upTo: 0.05)
    #expect(full.count == 24)
    var empty = Mask(width: 5, height: 5)
    empty.fillGaps(upTo: 1)
    #expect(empty.count == 0)
  }

  @Test func leadsOnToTheBorder() {
    var mask = Mask(width: 30, height: 20)
    for y in 8..<17 { for x in 3..<10 { mask.values[y, x] = 255 } }
    mask.extendToBorders(4)
    for y in 0..<20 {
      for x in 0..<30 {
        #expect((mask.values[y, x] != 0) == (x < 10 && y >= 8), "\(x), \(y)")
      }
    }
  }

  @Test func endsSharplyWithoutAFeather() {
    var mask = Mask(width: 9, height: 1)
    mask.values[0, 4] = 255
    let plan = GrowthPlan(components: mask.components, width: 9, height: 1, grow: 2, feather: 0)
    let none = GrowthPlan(components: mask.components, width: 9, height: 1, grow: 0)
    mask.grow(by: none)
    #expect(mask.count == 1)
    mask.grow(by: plan)
    #expect((0..<9).map { mask.values[0, $0] } == [0, 0, 255, 255, 255, 255, 255, 0, 0])
  }
}
