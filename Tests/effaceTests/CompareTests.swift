import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@Suite struct CompareTests {
  @Test func writesEveryKind() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addPhoto("b.png")
    for name in ["c.png", "c.jpg", "c.gif", "c.html"] {
      let run = try Command(["compare", "a.jpg", "b.png", "-o", name], in: folder)
      #expect(run.status == 0 && run.output.isEmpty && run.messages.isEmpty, "\(run.messages)")
      let again = try Command(["compare", "a.jpg", "b.png", "-o", name], in: folder)
      #expect(again.status == 1 && again.messages.contains("exists already"))
    }
    let sheet = try decode(folder.bytes("c.png"), name: "c.png")
    #expect(sheet.photo.width > 2 * 90 && sheet.photo.height == 64)
    #expect(try folder.bytes("c.gif").starts(with: Array("GIF89a".utf8)))
    let page = String(decoding: try folder.bytes("c.html"), as: UTF8.self)
    #expect(page.contains("data:image/") && !page.contains("http://"))
    #expect(!page.contains("https://"))
  }

  @Test(arguments: ["a.jpg", "a.png"]) func provesThatTheRestIsUntouched(photo: String) throws {
    let folder = try Scratch()
    try folder.addPhoto(photo, width: 200, height: 150)
    try folder.addMask("m.png", width: 200, height: 150)
    let edit = try Command(
      ["remove-object", photo, "--mask", "m.png", "-o", "b" + photo, "--save-mask", "s.png", "-q"],
      in: folder)
    #expect(edit.status == 0, "\(edit.messages)")
    let kept = try Command(
      ["compare", photo, "b" + photo, "--verify", "--mask", "s.png"], in: folder)
    #expect(kept.status == 0, "\(kept.messages)")
    #expect(kept.text.contains(" differ, all in ") && kept.text.contains("; 0 outside the mask"))
    let isPNG = photo.hasSuffix("png")
    #expect(kept.text.contains(" differ, in ") != isPNG, "coefficients are counted")
    #expect(kept.text.contains("metadata  XMP xmpMM:History added\n"))
    // Another mask was not kept to.
    try folder.addMask("other.png", width: 200, height: 150, radius: 1)
    let broken = try Command(
      ["compare", photo, "b" + photo, "--verify", "--mask", "other.png"], in: folder)
    #expect(broken.status == 1 && broken.messages.contains("outside the mask"))
    let same = try Command(["compare", photo, photo, "--verify"], in: folder)
    #expect(same.status == 0 && same.text.hasPrefix("pixels    0 of 30000 differ\n"))
    #expect(try Command(["compare", photo, photo], in: folder).status == 64)
  }

  @Test(arguments: [["-o", "c.png"], ["--verify"]])
  func wantsOneSize(_ options: [String]) throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addPhoto("b.jpg", width: 64, height: 96)
    let run = try Command(["compare", "a.jpg", "b.jpg"] + options, in: folder)
    #expect(run.status == 1 && run.output.isEmpty && !folder.has("c.png"))
    #expect(
      run.messages
        == "efface: b.jpg: is 64 x 96 pixels, but a.jpg is 96 x 64; compare two versions of one "
        + "photo\n")
  }

  /// Standard input can be read once only, whatever is asked of the photo.
  @Test func readsEachPhotoOnce() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.jpg")
    try folder.addPhoto("b.png")
    let input = Data(try folder.bytes("a.jpg"))
    for (photos, output) in [(["-", "b.png"], "c.png"), (["b.png", "-"], "d.png")] {
      let run = try Command(
        ["compare"] + photos + ["-o", output, "--verify"], in: folder, input: input)
      #expect(run.status == 0 && run.messages.isEmpty, "\(run.messages)")
      #expect(run.text.hasPrefix("pixels    ") && folder.has(output))
    }
    try folder.addMask("m.png")
    for names in [["-", "-"], ["-", "b.png", "--mask", "-"], ["b.png", "-", "--mask", "-"]] {
      let run = try Command(["compare"] + names + ["--verify"], in: folder, input: input)
      #expect(run.status == 64 && run.messages.contains("only one of the photos and the mask"))
    }
  }

  @Test(.enabled(if: Command.installed("giftopnm") != nil))
  func writesAGIFThatOthersRead() throws {
    let folder = try Scratch()
    try folder.addPhoto("a.png", width: 200, height: 150)
    try folder.addMask("m.png", width: 200, height: 150)
    let run = try Command(
      ["remove-object", "a.png", "--mask", "m.png", "--compare", "c.gif", "-q"], in: folder)
    #expect(run.status == 0, "\(run.messages)")
    let giftopnm = try #require(Command.installed("giftopnm"))
    let read = try Command(giftopnm, ["c.gif"], in: folder)
    #expect(read.status == 0)
    #expect([UInt8](read.output).starts(with: Array("P6\n200 150\n".utf8)))
  }
}
