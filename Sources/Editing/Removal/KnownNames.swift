import Segmentation

/// Refuses names that no object has, before any photo is looked at.
public func checkNames(_ names: [Selection.ObjectName]) throws(EditingError) {
  for name in names {
    if let reason = ignorance(of: name.className) { throw .unknownName(reason) }
  }
}

/// Why a name is none that objects have, with the names that may be meant; `nil` if it is one.
func ignorance(of word: String) -> String? {
  let known = Segmenter.classNames
  if known.contains(word) { return nil }
  let unlisted = Segmenter.unlistedNames.first { $0 == word || means($0, word) }
  if let unlisted, !known.contains(where: { means($0, word) }) {
    return "'\(unlisted)' is not recognized well enough to be asked for by name; "
      + "show it with --at X,Y or --box X,Y,W,H"
  }
  if word == "wire" || word == "wires" {
    return "wires are no class: use --wires, and --not-at to keep one"
  }
  let near = nearestNames(to: word, among: known).map { "'\($0)'" }
  return "no class is called '\(word)'"
    + (near.isEmpty ? "" : " (did you mean \(near.joined(separator: " or "))?)") + "; known: "
    + known.joined(separator: ", ") + "; show anything else with --at X,Y or --box X,Y,W,H"
}

/// The names that objects can be asked for by.
public var objectNames: [String] { Segmenter.classNames }

/// The known names that a word most likely means, at most three, the likeliest first.
///
/// A name is likely if it means the same (`bike`), is part of the word or holds it (`plant`), or differs by
/// few letters (`persn`).
func nearestNames(to word: String, among known: [String]) -> [String] {
  var ranked: [(rank: Int, name: String)] = []
  for name in known {
    let difference = letters(between: name, and: word)
    if means(name, word) {
      ranked.append((0, name))
    } else if difference <= max(1, min(name.count, word.count) / 3) {
      ranked.append((difference, name))
    } else if word.count > 2 && (name.contains(word) || word.contains(name)) {
      ranked.append((difference, name))
    }
  }
  return ranked.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.prefix(3).map(\.name)
}

/// Whether a word is another one for a class, or its plural.
private func means(_ name: String, _ word: String) -> Bool {
  synonyms[name]?.contains(word) == true || word == name + "s"
}

/// What people call the classes otherwise.
private let synonyms: [String: Set<String>] = [
  "person": [
    "people", "human", "man", "men", "woman", "women", "child", "children", "kid", "boy", "girl",
    "tourist", "pedestrian", "passerby",
  ],
  "bicycle": ["bike", "cycle", "pushbike"],
  "motorcycle": ["motorbike", "scooter", "moped"],
  "car": ["auto", "automobile", "vehicle", "taxi", "van"],
  "truck": ["lorry", "van", "vehicle"],
  "bus": ["coach", "vehicle"],
  "airplane": ["aeroplane", "plane", "aircraft", "jet"],
  "train": ["tram", "railway"],
  "boat": ["ship", "yacht"],
  "cat": ["kitten"],
  "dog": ["puppy", "hound"],
  "horse": ["pony"],
  "sheep": ["lamb"],
  "cow": ["cattle", "bull"],
  "handbag": ["bag", "purse"],
  "couch": ["sofa"],
  "potted plant": ["plant", "flowerpot"],
  "dining table": ["table", "desk"],
  "tv": ["television", "monitor", "screen"],
  "sign": ["stop sign", "traffic sign", "traffic light"],
]

/// How many letters must be inserted, left out, replaced or exchanged with the next one to turn one name
/// into another (Damerau 1964).
private func letters(between a: String, and b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var rows = [Array(0...b.count)]
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      var least = min(
        rows[i][j] + (a[i] == b[j] ? 0 : 1), row[j] + 1, rows[i][j + 1] + 1)
      if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
        least = min(least, rows[i - 1][j - 1] + 1)
      }
      row.append(least)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
