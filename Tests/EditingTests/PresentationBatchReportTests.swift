import Foundation
import Testing

@testable import Editing

@Suite struct BatchReportTests {
  private let hostile = "<img src=x onerror=alert(1)>&\"'\u{202E}gpj.jpg"

  @Test func everyTextIsEscaped() {
    var report = BatchReport(batch: "b1")
    let card = report.add(
      .init(
        name: hostile, status: .failed, output: hostile, removed: [hostile], milliseconds: 12,
        message: hostile))
    let page = report.opening + card + report.closing
    #expect(!page.contains("<img"))
    let safe = "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;\u{202E}gpj.jpg"
    // The card's name, output, object and message, and the list of problems.
    #expect(page.components(separatedBy: safe).count - 1 == 5)
    #expect(page.components(separatedBy: "<bdi>\(safe)</bdi>").count - 1 == 4)
  }

  @Test func theSummaryCounts() throws {
    let small = try ReportPicture(Pictures.scene(width: 900, height: 600, ball: true))
    #expect(small.width == 400 && small.height == 267)
    var report = BatchReport(batch: "b1")
    let first = report.add(
      .init(
        name: "a.jpg", status: .done, output: "out/a.jpg", removed: ["person#1", "dog#1"],
        milliseconds: 1200, before: small, after: small))
    #expect(first.contains("Removed: <bdi>person#1</bdi>, <bdi>dog#1</bdi>"))
    #expect(first.components(separatedBy: "data:image/jpeg;base64,").count == 3)
    _ = report.add(.init(name: "b.jpg", status: .failed, message: "the file is empty"))
    _ = report.add(.init(name: "c.jpg", status: .done, milliseconds: 800))
    let end = report.closing
    #expect(end.contains("<b>3</b> photos") && end.contains("<b>2</b> done"))
    #expect(end.contains("<b>1</b> failed") && end.contains("2.0 s of work"))
    #expect(end.contains("<a href=\"#photo-2\"><bdi>b.jpg</bdi></a>: failed"))
    #expect(!end.contains("skipped") && !end.contains("c.jpg"))
  }

  @Test func aPageThatIsNotFinishedDoesNotStay() throws {
    let scratch = try Scratch()
    let name = scratch.path + "/r.html"
    func begin() throws -> BatchReportFile {
      try BatchReportFile(
        named: name, folder: scratch.path, replacing: false, resuming: false)
    }
    var file: BatchReportFile? = try begin()
    try file?.add(RemovalReport(input: "a.jpg", status: .done))
    #expect(scratch.names.count == 1)
    file = nil
    #expect(scratch.names.isEmpty)
    try begin().finish()
    #expect(scratch.names == ["r.html"])
    #expect(scratch.text("r.html")?.hasSuffix("</html>\n") == true)
    try FileManager.default.removeItem(atPath: name)
    file = try begin()
    try scratch.add("r.html", "mine")
    #expect(throws: EditingError.exists(name: name)) { try file?.finish() }
    file = nil
    #expect(scratch.names == ["r.html"] && scratch.text("r.html") == "mine")
  }

  /// Only the beginning of a file is read to know it.
  @Test func theOpeningTellsTheBatch() throws {
    let openings = ["b1", "b2"].map { BatchReport(batch: $0).opening }
    #expect(openings[0] != openings[1] && openings[0].utf8.count < 4_096)
    #expect(openings[0].contains("<!-- batch b1 -->"))
  }

  /// A run that goes on replaces its own report, by whatever name the folder goes, and no other one.
  @Test func onlyItsOwnReportIsReplaced() throws {
    let scratch = try Scratch()
    for folder in ["one/x", "two/x"] { try scratch.add(folder) }
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path + "/link", withDestinationPath: "one")
    let name = scratch.path + "/r.html"
    func write(_ folder: String, _ shard: Shard? = nil, resuming: Bool = true) throws {
      let folder = scratch.path + "/" + folder
      try BatchReportFile.checkPlace(
        of: name, folder: folder, shard: shard, replacing: false, resuming: resuming)
      let file = try BatchReportFile(
        named: name, folder: folder, shard: shard, replacing: false, resuming: resuming)
      // More than its beginning.
      for index in 0..<100 { try file.add(RemovalReport(input: "\(index).jpg", status: .done)) }
      try file.finish()
    }
    try write("one")
    for folder in ["one", "one/", "link", "two/../one"] { try write(folder) }
    #expect(throws: EditingError.exists(name: name)) { try write("one", resuming: false) }
    #expect(throws: EditingError.exists(name: name)) { try write("two") }
    #expect(throws: EditingError.exists(name: name)) { try write("one", Shard("1/2")) }
    try FileManager.default.removeItem(atPath: name)
    try write("one", Shard("1/2"))
    try write("link", Shard("1/2"))
    #expect(throws: EditingError.exists(name: name)) { try write("one", Shard("2/2")) }
    #expect(throws: EditingError.exists(name: name)) { try write("one") }
  }

  @Test func anEmptyBatchIsAPageToo() {
    let page = BatchReport(batch: "b1").closing
    #expect(page.contains("<b>0</b> photos") && page.hasSuffix("</html>\n"))
  }

  @Test(arguments: [
    (0.4, "0 ms"), (999.4, "999 ms"), (1000, "1.0 s"), (59_949, "59.9 s"), (59_950, "1 min 0 s"),
    (725_000, "12 min 5 s"),
  ])
  func timesAreReadable(milliseconds: Double, text: String) {
    #expect(BatchReport.time(milliseconds) == text)
  }
}
