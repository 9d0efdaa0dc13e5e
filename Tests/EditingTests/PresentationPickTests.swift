import Foundation
import ImageCodecs
import Photos
import Tensors
import Testing

@testable import Editing

/// A browser that shows a page without a window, where the machine has one.
struct Browser {
  let program: Program

  init?() {
    guard
      let program = Program("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    else { return nil }
    self.program = program
  }

  /// Opens a page together with a script that acts on it, and gives back what the script left in
  /// `result`.
  func act(on page: String, script: String) throws -> [String: Any] {
    try withTemporaryFolder { folder in
      let driver = """
        <script>
        addEventListener('load', async () => {
          const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
          const text = id => document.getElementById(id).textContent;
          const canvas = document.getElementById('canvas') ?? document.getElementById('stage');
          const at = (x, y) => {
            const box = canvas.getBoundingClientRect();
            return {
              clientX: box.left + box.width * x, clientY: box.top + box.height * y, bubbles: true,
              cancelable: true, isPrimary: true, pointerId: 1, button: 0, buttons: 1,
            };
          };
          const send = (type, x, y, more = {}) => canvas.dispatchEvent(
            new (type.startsWith('pointer') ? PointerEvent : MouseEvent)(type, { ...at(x, y), ...more }));
          const drag = (places, more) => {
            send('pointerdown', ...places[0], more);
            for (const place of places.slice(1)) send('pointermove', ...place, more);
            send('pointerup', ...places[places.length - 1], more);
          };
          const press = (key, more = {}) => (document.activeElement ?? document.body).dispatchEvent(
            new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
          const result = {};
          try {
            \(script)
          } catch (error) {
            result.error = String(error);
          }
          const answer = document.createElement('pre');
          answer.id = 'answer';
          answer.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(result))));
          document.body.replaceChildren(answer);
        });
        </script>
        </body>
        """
      let file = folder.appendingPathComponent("page.html")
      let whole = page.replacingOccurrences(of: "</body>", with: driver)
      try Data(whole.utf8).write(to: file)
      // The browser's virtual time does not wait for a picture that is being encoded: on a busy machine
      // the page is now and then written out before its answer is there.
      var text = ""
      for _ in 0..<4 where !text.contains("<pre id=\"answer\">") {
        let output = try program.run([
          "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,900",
          "--user-data-dir=\(folder.path)/profile", "--virtual-time-budget=20000", "--dump-dom",
          file.absoluteString,
        ])
        text = String(decoding: output, as: UTF8.self)
      }
      let start = try #require(text.range(of: "<pre id=\"answer\">"))
      let end = try #require(text.range(of: "</pre>", range: start.upperBound..<text.endIndex))
      let json = try #require(Data(base64Encoded: String(text[start.upperBound..<end.lowerBound])))
      let result = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
      if let error = result["error"] { Issue.record("the page's script failed: \(error)") }
      return result
    }
  }
}

@Suite(.serialized) struct PickPageTests {
  static let (width, height) = (1200, 800)

  /// The page of a scene with its ball, which is at 600,266 and 266 pixels wide; its picture is smaller.
  private func page(path: String, objects: Bool = true) throws -> String {
    let ball = PresentedObject(
      index: 1, label: "sports-ball#1", score: 0.93,
      box: Pictures.ball(width: Self.width, height: Self.height),
      runs: MaskRuns(Pictures.ballMask(width: Self.width, height: Self.height)))
    return try PickPage.html(
      photo: Pictures.scene(width: Self.width, height: Self.height, ball: true), path: path,
      objects: objects ? [ball] : [], longSide: 800)
  }

  /// The texts under a key, each number at a comma rounded to tens: events come in whole pixels of
  /// the screen.
  private func results(_ result: [String: Any], _ key: String) -> [String] {
    (result[key] as? [String] ?? []).map { line in
      line.split(separator: " ", omittingEmptySubsequences: false).map { word in
        word.split(separator: "+", omittingEmptySubsequences: false).map { place in
          let numbers = place.split(separator: ",").map { Int($0) }
          if numbers.count < 2 || numbers.contains(nil) { return String(place) }
          return numbers.compactMap { $0.map { "\(($0 + 5) / 10 * 10)" } }.joined(separator: ",")
        }.joined(separator: "+")
      }.joined(separator: " ")
    }
  }

  @Test func hostileNamesStayText() throws {
    let page = try page(path: "a/</script><script>alert(1)</script>\"'&.jpg")
    #expect(!page.contains("<script>alert"))
    #expect(page.contains(#""path": "a/\u003c/script\u003e"#))
    #expect(!page.contains("http://") && !page.contains("https://"))
    #expect(page.contains("default-src 'none'"))
  }

  /// A slash with an accent behind it is a slash all the same.
  @Test func namesAreSplitByTheirBytes() throws {
    let page = try page(path: "-d/\u{0301}y.png", objects: false)
    #expect(page.contains("<title>\u{0301}y.png: pick what should go"))
    #expect(page.contains(#""path": "./-d/\#u{0301}y.png", "mask": "\#u{0301}y-mask.png""#))
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func tapsClicksAndBoxesMakeTheCommand() throws {
    let browser = try #require(Browser())
    let result = try browser.act(
      on: page(path: "my photos/it's.jpg"),
      script: """
        result.lines = [text('command')];
        const note = () => result.lines.push(text('command'));
        send('click', 0.1, 0.1);
        note();
        send('click', 0.61, 0.5);
        note();
        press('2');
        send('click', 0.25, 0.5);
        send('click', 0.5, 0.75, { altKey: true });
        send('click', 0.25, 0.75, { shiftKey: true });
        send('contextmenu', 0.75, 0.25, { button: 2 });
        note();
        press('3');
        drag([[0.1, 0.2], [0.2, 0.3], [0.3, 0.4]]);
        note();
        press('z', { ctrlKey: true });
        press('z', { ctrlKey: true });
        note();
        press('Z', { ctrlKey: true, shiftKey: true });
        note();
        document.getElementById('clear').click();
        note();
        result.copyIsOff = document.getElementById('copy').disabled;
        """)
    let photo = #"efface remove-object 'my photos/it'\''s.jpg'"#
    let object = " --object 'sports-ball#1'"
    let clicks = " --at 300,400+300,600 --not-at 600,600"
    #expect(
      results(result, "lines") == [
        "Nothing is picked yet.", "Nothing is picked yet.", photo + object,
        photo + object + clicks + " --not-at 900,200",
        photo + object + clicks + " --not-at 900,200 --box 120,160,240,160",
        photo + object + clicks, photo + object + clicks + " --not-at 900,200",
        "Nothing is picked yet.",
      ])
    #expect(result["copyIsOff"] as? Bool == true)
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func wordsAreQuotedForTheShell() throws {
    let expected = [
      ("a/b-1.png", "a/b-1.png"), ("two words.png", "'two words.png'"),
      ("it's.png", #"'it'\''s.png'"#), ("$(rm -r x)`y`", "'$(rm -r x)`y`'"), ("~/a", "'~/a'"),
      ("person#2", "'person#2'"), ("é.png", "'é.png'"), (#"a\"b"#, #"'a\"b'"#),
    ]
    let browser = try #require(Browser())
    let words = try JSONEncoder().encode(expected.map(\.0)).base64EncodedString()
    let result = try browser.act(
      on: page(path: "a.jpg", objects: false),
      script: """
        press('4');
        drag([[0.4, 0.5], [0.6, 0.5]]);
        result.lines = JSON.parse(decodeURIComponent(escape(atob('\(words)')))).map(word => {
          const field = document.getElementById('mask');
          field.value = word;
          field.dispatchEvent(new Event('input'));
          return text('command');
        });
        """)
    let lines = try #require(result["lines"] as? [String])
    #expect(lines == expected.map { "efface remove-object a.jpg --mask \($0.1)" })
    // The machine's shell is the second opinion.
    let shell = try #require(Program("sh"))
    for (line, (word, _)) in zip(lines, expected) {
      let output = try shell.run(["-c", "efface() { printf %s \"$4\"; }; \(line)"])
      #expect(String(decoding: output, as: UTF8.self) == word)
    }
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func theKeyboardIsEnough() throws {
    let browser = try #require(Browser())
    let result = try browser.act(
      on: page(path: "-a.jpg"),
      script: """
        document.querySelector('#objects input').click();
        result.lines = [text('command')];
        document.querySelector('#objects input').click();
        canvas.focus();
        press('2');
        press('Enter');
        press('ArrowLeft', { shiftKey: true });
        press('n');
        result.lines.push(text('command'));
        result.hint = text('hint');
        """)
    let lines = results(result, "lines")
    try #require(lines.count == 2)
    #expect(lines[0] == "efface remove-object ./-a.jpg --object 'sports-ball#1'")
    #expect(lines[1].hasPrefix("efface remove-object ./-a.jpg --at 600,400 --not-at "))
    #expect(lines[1].hasSuffix(",400"))
    #expect((result["hint"] as? String)?.contains("Enter") == true)
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func theBrushedMaskHasThePhotosSize() throws {
    let browser = try #require(Browser())
    let result = try browser.act(
      on: page(path: "photo.jpg", objects: false),
      script: """
        let file = null;
        URL.createObjectURL = blob => { file = blob; return 'blob:none'; };
        HTMLAnchorElement.prototype.click = function () { result.name = this.download; };
        press('4');
        drag([[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]]);
        result.warning = text('status');
        document.getElementById('erase').checked = true;
        drag([[0.5, 0.4], [0.5, 0.6]]);
        result.lines = [text('command')];
        document.getElementById('save').click();
        for (let i = 0; i < 100 && !file; i += 1) await wait(50);
        await wait(50);
        result.status = text('status');
        const bytes = new Uint8Array(await file.arrayBuffer());
        let binary = '';
        for (const byte of bytes) binary += String.fromCharCode(byte);
        result.mask = btoa(binary);
        """)
    #expect(results(result, "lines") == ["efface remove-object photo.jpg --mask photo-mask.png"])
    #expect(result["name"] as? String == "photo-mask.png")
    #expect((result["warning"] as? String)?.contains("Save the mask") == true)
    #expect((result["status"] as? String)?.contains("was saved") == true)
    let bytes = try #require((result["mask"] as? String).flatMap { Data(base64Encoded: $0) })
    let mask = try decodeMask([UInt8](bytes), name: "photo-mask.png")
    try #require(mask.width == Self.width && mask.height == Self.height)
    // Painted from 300 to 900, and erased in the middle.
    #expect(mask.values[400, 350] == 255 && mask.values[400, 850] == 255)
    #expect(mask.values[400, 600] == 0 && mask.values[400, 200] == 0 && mask.values[100, 350] == 0)
    let values = Set((0..<Self.width).map { mask.values[395, $0] })
    #expect(values == [0, 255])
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func theCommandHoldsNothingThatMeansNothing() throws {
    let browser = try #require(Browser())
    let result = try browser.act(
      on: page(path: "a.jpg"),
      script: """
        result.lines = [];
        const note = () => result.lines.push(text('command'));
        press('2');
        send('click', 0.5, 0.75, { altKey: true });
        note();
        result.status = text('status');
        document.querySelector('#objects input').click();
        note();
        document.getElementById('clear').click();
        press('4');
        drag([[0.4, 0.5], [0.6, 0.5]]);
        note();
        document.getElementById('erase').checked = true;
        document.getElementById('size').value = document.getElementById('size').max;
        drag([[0.35, 0.5], [0.65, 0.5]]);
        note();
        """)
    let photo = "efface remove-object a.jpg"
    #expect(
      results(result, "lines") == [
        "Nothing is picked yet.", photo + " --object 'sports-ball#1' --not-at 600,600",
        photo + " --mask a-mask.png", "Nothing is picked yet.",
      ])
    #expect((result["status"] as? String)?.contains("narrows what goes") == true)
  }

  @Test(.enabled(if: Browser() != nil, "no Chromium is installed"))
  func theSliderFollowsPointerAndKeys() throws {
    let browser = try #require(Browser())
    let result = try browser.act(
      on: Comparison.sliderHTML(
        before: Pictures.scene(width: 600, height: 400, ball: true),
        after: Pictures.scene(width: 600, height: 400, ball: false), title: "photo.jpg"),
      script: """
        const split = () => canvas.style.getPropertyValue('--split');
        result.lines = [split()];
        drag([[0.5, 0.5], [0.25, 0.5]]);
        result.lines.push(split());
        document.getElementById('split').focus();
        press('ArrowRight');
        press('ArrowRight', { shiftKey: true });
        result.lines.push(split());
        """)
    #expect(results(result, "lines") == ["50%", "25%", "36%"])
  }
}
