import Foundation
import Testing

/// exiftool's view of a file before and after: only what the edit must touch differs.
@Suite(.enabled(if: Command.installed("exiftool") != nil))
struct MetadataTests {
  private let exiftool = Command.installed("exiftool") ?? ""

  /// A photo with what cameras and editors write: EXIF, GPS, a thumbnail, IPTC, XMP, a profile, comments.
  private func addRichPhoto(_ name: String, to folder: Scratch) throws {
    try folder.addPhoto(name, width: 160, height: 120)
    try folder.addPhoto("small.jpg", width: 80, height: 60)
    var fields = [
      "-EXIF:Make=Maker", "-EXIF:Model=One", "-EXIF:Artist=Someone", "-EXIF:FNumber=2.8",
      "-EXIF:ExposureTime=1/250", "-EXIF:DateTimeOriginal=2025:05:06 07:08:09",
      "-EXIF:UserComment=a comment", "-GPSLatitude=47.1", "-GPSLatitudeRef=N",
      "-GPSLongitude=8.2", "-GPSLongitudeRef=E", "-XMP-dc:Title=A title",
      "-XMP-dc:Subject=sea", "-XMP-dc:Subject=sand", "-XMP-photoshop:City=Town",
      "-XMP-xmpMM:HistoryAction=created", "-Comment=hello", "-ThumbnailImage<=small.jpg",
    ]
    if name.hasSuffix("jpg") {
      fields += ["-IPTC:Keywords=beach", "-IPTC:By-line=Someone", "-Photoshop:XResolution=300"]
    }
    let written = try Command(
      exiftool, fields + ["-q", "-overwrite_original", name], in: folder)
    #expect(written.status == 0, "\(written.messages)")
  }

  private func fields(_ name: String, in folder: Scratch) throws -> [String: String] {
    let run = try Command(exiftool, ["-j", "-a", "-u", "-G1", "-b", name], in: folder)
    let list = try #require(
      try JSONSerialization.jsonObject(with: run.output) as? [[String: Any]])
    // The file's name, size and times are no metadata of the photo's.
    return try #require(list.first).filter {
      !$0.key.hasPrefix("System:") && $0.key != "SourceFile"
    }.mapValues { "\($0)" }
  }

  private func differing(_ a: [String: String], _ b: [String: String]) -> Set<String> {
    Set(Set(a.keys).union(b.keys).filter { a[$0] != b[$0] })
  }

  private func edit(
    _ photo: String, _ options: [String], in folder: Scratch
  ) throws -> Set<String> {
    try folder.addMask("m.png", width: 160, height: 120)
    let before = try fields(photo, in: folder)
    #expect(before.count > 30)
    let run = try Command(
      ["remove-object", photo, "--mask", "m.png", "-o", "out-\(photo)", "--force"] + options,
      in: folder)
    #expect(run.status == 0, "\(run.messages)")
    return differing(before, try fields("out-\(photo)", in: folder))
  }

  private let thumbnail: Set = ["IFD1:ThumbnailImage", "IFD1:ThumbnailLength"]
  private let history: Set = [
    "XMP-xmpMM:HistoryAction", "XMP-xmpMM:HistorySoftwareAgent", "XMP-xmpMM:HistoryWhen",
    "XMP-xmpMM:HistoryChanged",
  ]

  @Test(arguments: ["a.jpg", "a.png"])
  func onlyTheDocumentedFieldsDiffer(photo: String) throws {
    let folder = try Scratch()
    try addRichPhoto(photo, to: folder)
    let marked = try edit(photo, [], in: folder)
    #expect(marked.isSubset(of: thumbnail.union(history)), "\(marked)")
    #expect(marked.isSuperset(of: history))
    let unmarked = try edit(photo, ["--no-mark"], in: folder)
    #expect(unmarked.isSubset(of: thumbnail) && unmarked.contains("IFD1:ThumbnailImage"))
  }

  @Test func aPhotoWithoutMetadataGetsOneEntryOnly() throws {
    let folder = try Scratch()
    try folder.addPhoto("plain.jpg", width: 160, height: 120)
    try folder.addMask("m.png", width: 160, height: 120)
    let before = try fields("plain.jpg", in: folder)
    for (options, expected) in [([], history), (["--no-mark"], [])] {
      let run = try Command(
        ["remove-object", "plain.jpg", "--mask", "m.png", "--force"] + options, in: folder)
      #expect(run.status == 0, "\(run.messages)")
      #expect(differing(before, try fields("plain-removed.jpg", in: folder)) == expected)
    }
  }

  @Test func thePositionGoesAndNothingElse() throws {
    let folder = try Scratch()
    try addRichPhoto("a.jpg", to: folder)
    let changed = try edit("a.jpg", ["--strip", "gps", "--no-mark"], in: folder)
    #expect(changed.contains("GPS:GPSLatitude"))
    let others = changed.subtracting(thumbnail).filter {
      !$0.hasPrefix("GPS:") && !$0.hasPrefix("Composite:GPS")
    }
    #expect(others.isEmpty)
  }
}
