/// The known names that a word most likely means, at most three, the likeliest first.
///
/// A name is likely if it means the same (`bike`), is part of the word or holds it (`plant`), or differs by
/// few letters (`persn`).
func nearestNames(to word: String, among known: [String]) -> [String] {
  var ranked: [(rank: Int, name: String)] = []
  for name in known {
    let difference = letters(between: name, and: word)
    if synonyms[name]?.contains(word) == true || word == name + "s" {
      ranked.append((0, name))
    } else if difference <= max(1, min(name.count, word.count) / 3) {
      ranked.append((difference, name))
    } else if word.count > 2 && (name.contains(word) || word.contains(name)) {
      ranked.append((difference, name))
    }
  }
  return ranked.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.prefix(3).map(\.name)
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

/// How many letters must be inserted, left out or replaced to turn one name into another.
private func letters(between a: String, and b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
