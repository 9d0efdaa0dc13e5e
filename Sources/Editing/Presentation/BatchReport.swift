/// A page with one card a photo of a batch, written piece by piece as the batch goes.
///
/// Write ``opening``, then the piece that each `add(_:)` gives, then ``closing``. The summary comes
/// last in the file and stands first on the page, so nothing has to be kept.
struct BatchReport: Sendable {
  /// What became of a photo.
  enum Status: String, Sendable, CaseIterable {
    /// The result was written.
    case done
    /// What would go was found, and stays.
    case found = "would be done"
    /// Nothing on the photo matched the selection.
    case nothingMatched = "nothing matched"
    /// The photo could not be edited.
    case failed
    /// The result was there before.
    case skipped

    fileprivate var style: String {
      switch self {
      case .nothingMatched: "nothing"
      case .found: "done"
      case .done, .failed, .skipped: rawValue
      }
    }
  }

  /// One photo of the batch; what is left out is not shown.
  struct Entry: Sendable {
    /// The photo's path, as the user knows it.
    var name: String
    /// What became of it.
    var status: Status
    /// Where the result is.
    var output: String?
    /// What was removed, such as `person#2`.
    var removed: [String] = []
    /// How long it took.
    var milliseconds: Double?
    /// What went wrong, or what else is to be said.
    var message: String?
    /// The photo as it was.
    var before: ReportPicture?
    /// The photo as it is.
    var after: ReportPicture?
  }

  private static let title = "Report of a batch"

  private let batch: String
  private var counts: [Status: Int] = [:]
  private var milliseconds = 0.0
  private var problems: [(number: Int, name: String, status: Status)] = []
  private var number = 0

  /// Makes a report of no photos yet.
  ///
  /// - Parameter batch: What tells the batch from others: letters and digits.
  init(batch: String) { self.batch = batch }

  /// The page's beginning, in which a later run knows its own batch again.
  var opening: String {
    Markup.head(title: Self.title, style: Self.style)
      + "<body>\n<!-- batch \(batch) -->\n<main>\n<div class=\"cards\">\n"
  }

  /// Counts a photo, and gives its piece of the page.
  mutating func add(_ entry: Entry) -> String {
    number += 1
    counts[entry.status, default: 0] += 1
    milliseconds += entry.milliseconds ?? 0
    if entry.status == .failed || entry.status == .nothingMatched {
      problems.append((number, entry.name, entry.status))
    }
    var card = "<article class=\"\(entry.status.style)\" id=\"photo-\(number)\">\n"
    if entry.before != nil || entry.after != nil {
      card += "<div class=\"pair\">\n"
      card += Self.figure(entry.before, caption: "Before")
      card += Self.figure(
        entry.after, caption: entry.status == .found ? "What would go" : "After")
      card += "</div>\n"
    }
    card += "<h2>\(Markup.name(entry.name))</h2>\n"
    card += "<p><span class=\"status\">\(entry.status.rawValue)</span>"
    if let time = entry.milliseconds { card += " <span class=\"quiet\">\(Self.time(time))</span>" }
    card += "</p>\n"
    if !entry.removed.isEmpty {
      let word = entry.status == .found ? "Would go" : "Removed"
      card += "<p>\(word): \(entry.removed.map(Markup.name).joined(separator: ", "))</p>\n"
    }
    if let message = entry.message {
      card += "<p class=\"message\">\(Markup.escaped(message))</p>\n"
    }
    if let output = entry.output {
      card += "<p class=\"quiet\">Result: \(Markup.name(output))</p>\n"
    }
    return card + "</article>\n"
  }

  /// The page's end, with the summary.
  var closing: String {
    let parts = Status.allCases.compactMap { status in
      counts[status].map { "<li class=\"\(status.style)\"><b>\($0)</b> \(status.rawValue)</li>" }
    }
    var text = "</div>\n<header>\n<h1>\(Self.title)</h1>\n<ul class=\"counts\">\n"
    text += "<li><b>\(number)</b> \(number == 1 ? "photo" : "photos")</li>\n"
    text += parts.joined(separator: "\n") + "\n</ul>\n"
    if let done = counts[.done], milliseconds > 0 {
      text += "<p class=\"quiet\">\(Self.time(milliseconds)) of work"
      if counts[.done] == number { text += ", \(Self.time(milliseconds / Double(done))) a photo" }
      text += "</p>\n"
    }
    if !problems.isEmpty {
      text += "<details open>\n<summary>Photos that need a look</summary>\n<ul>\n"
      for problem in problems {
        text += "<li><a href=\"#photo-\(problem.number)\">\(Markup.name(problem.name))</a>: "
        text += "\(problem.status.rawValue)</li>\n"
      }
      text += "</ul>\n</details>\n"
    }
    return text + "</header>\n</main>\n</body>\n</html>\n"
  }

  private static func figure(_ picture: ReportPicture?, caption: String) -> String {
    guard let picture else {
      return
        "<figure><div class=\"none\"></div><figcaption>\(caption): none</figcaption></figure>\n"
    }
    return """
      <figure><img src="\(Markup.dataURI(jpeg: picture.jpeg))" width="\(picture.width)" \
      height="\(picture.height)" alt="\(caption)" loading="lazy"><figcaption>\(caption)\
      </figcaption></figure>

      """
  }

  /// `740 ms`, `3.2 s`, `12 min 5 s`.
  static func time(_ milliseconds: Double) -> String {
    let whole = Int(milliseconds.rounded())
    if whole < 1000 { return "\(whole) ms" }
    if whole < 59_950 {
      let tenths = (whole + 50) / 100
      return "\(tenths / 10).\(tenths % 10) s"
    }
    let seconds = (whole + 500) / 1000
    return "\(seconds / 60) min \(seconds % 60) s"
  }

  private static let style = """
    main { display: flex; flex-direction: column; gap: 1rem; padding: 1rem; max-width: 90rem;
      margin: 0 auto; }
    header { order: -1; display: grid; gap: .5rem; }
    .counts { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; margin: 0; padding: 0;
      list-style: none; }
    .counts b { font-size: 1.5rem; }
    details ul { margin: .3rem 0; padding-left: 1.3rem; overflow-wrap: anywhere; }
    a { color: var(--accent); }
    .cards { display: grid; gap: 1rem; align-items: start;
      grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
    article { display: flex; flex-direction: column; gap: .25rem; padding: .75rem; min-width: 0;
      background: var(--card); border: 1px solid var(--line); border-radius: 8px;
      overflow-wrap: anywhere; }
    article:target { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
    article.failed { border-left: 4px solid var(--bad); }
    article.nothing { border-left: 4px solid var(--warn); }
    h2 { font-size: 1rem; margin: 0; }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; align-items: end; }
    figure { margin: 0; }
    figure img { width: 100%; height: auto; max-height: 15rem; object-fit: contain; display: block;
      border-radius: 4px; }
    .none { aspect-ratio: 3 / 2; border: 1px dashed var(--line); border-radius: 4px; }
    figcaption, .quiet { color: var(--quiet); font-size: .85rem; }
    .status { font-weight: 600; }
    .done .status, li.done b { color: var(--good); }
    .failed .status, .failed .message, li.failed b { color: var(--bad); }
    .nothing .status, li.nothing b { color: var(--warn); }
    .message { white-space: pre-line; }
    """
}
