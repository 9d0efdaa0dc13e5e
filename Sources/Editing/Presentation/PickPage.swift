import ImageCodecs
import Tensors

/// A page on which one shows what should go: it makes the command to paste, and a mask where one brushes.
///
/// One file with everything in it: a small picture of the photo, the objects that were detected, and the
/// script. It fetches nothing and sends nothing. Coordinates in the command are pixels of the full
/// upright photo.
enum PickPage {
  /// The page for a photo.
  ///
  /// - Parameters:
  ///   - photo: RGB, upright, at full size.
  ///   - path: The photo as the command is to name it.
  ///   - objects: What was detected, with masks of the photo's size.
  ///   - longSide: The most pixels of the page's picture.
  /// - Precondition: The photo has three channels and at least one pixel.
  static func html(
    photo: borrowing Tensor<UInt8>, path: String, objects: [PresentedObject], longSide: Int = 1600
  ) throws(CodecError) -> String {
    precondition(photo.channels == 3 && photo.count > 0, "the page needs an RGB photo")
    let view = photo.fitted(longSide: longSide)
    let picture = try Markup.dataURI(view, quality: 85)
    let name = PathName(path).name
    let data = JSONValue.members([
      "path": .string(ShellWord.path(path)), "mask": .string(maskName(for: path)),
      "width": .integer(photo.width), "height": .integer(photo.height),
      "viewWidth": .integer(view.width), "viewHeight": .integer(view.height),
      "objects": .array(objects.map { json($0, width: view.width, height: view.height) }),
    ])
    return Markup.head(title: "\(name): pick what should go", style: style) + """
      <body>
      <header>
      <h1>Pick what should go <span class="quiet">\(Markup.name(name))</span></h1>
      \(tools)
      </header>
      <main>
      <div class="stage" style="--ratio: \(view.width) / \(view.height); --shape: \
      \(Double(view.width) / Double(view.height))">
      <img src="\(picture)" width="\(view.width)" height="\(view.height)" alt="" draggable="false">
      <canvas id="canvas" width="\(view.width)" height="\(view.height)" tabindex="0" \
      role="application" aria-label="The photo" aria-describedby="hint"></canvas>
      </div>
      \(panel)
      </main>
      \(footer)
      <script type="application/json" id="data">
      \(Markup.json(data))
      </script>
      <script>
      \(script)
      </script>
      </body>
      </html>

      """
  }

  /// A name for the mask of a photo: that of the photo, without its extension.
  private static func maskName(for path: String) -> String {
    ShellWord.path("\(PathName(path).stem)-mask.png")
  }

  /// An object as the script reads it; its runs are gaps and lengths in turn, in the page's picture.
  private static func json(_ object: PresentedObject, width: Int, height: Int) -> JSONValue {
    let small = object.runs.scaled(width: width, height: height)
    var end = 0
    var numbers: [Int] = []
    for run in small.runs {
      let start = run.row * width + run.columns.lowerBound
      numbers += [start - end, run.columns.count]
      end = start + run.columns.count
    }
    let anchor = small.anchor ?? (0, 0)
    let color = object.color
    return .members([
      "index": .integer(object.index), "label": .string(object.label),
      "score": object.score.map { .number($0 * 100, digits: 0) } ?? .null,
      "color": .string("rgb(\(color.x) \(color.y) \(color.z))"),
      "anchor": .array([.integer(anchor.x), .integer(anchor.y)]),
      "runs": .array(numbers.map { .integer($0) }),
    ])
  }

  private static let tools = """
    <div class="bar" role="toolbar" aria-label="Tools">
    <fieldset id="tools">
    <legend class="hidden">Tool</legend>
    <label><input type="radio" name="tool" value="objects"><span>Objects <kbd>1</kbd></span></label>
    <label><input type="radio" name="tool" value="click"><span>Click <kbd>2</kbd></span></label>
    <label><input type="radio" name="tool" value="box"><span>Box <kbd>3</kbd></span></label>
    <label><input type="radio" name="tool" value="brush"><span>Brush <kbd>4</kbd></span></label>
    </fieldset>
    <span class="option" data-for="click">
    <label class="check"><input type="checkbox" id="same"> Same thing</label>
    <label class="check"><input type="checkbox" id="keep"> Clicks keep</label>
    </span>
    <span class="option" data-for="brush">
    <label class="check">Size <input type="range" id="size" min="4" max="200" value="40"></label>
    <label class="check"><input type="checkbox" id="erase"> Erase</label>
    </span>
    <button type="button" id="undo">Undo</button>
    <button type="button" id="redo">Redo</button>
    <button type="button" id="clear">Clear</button>
    </div>
    <p id="hint" class="quiet"></p>
    """

  private static let panel = """
    <aside>
    <h2>Detected objects</h2>
    <ul id="objects"></ul>
    <h2>Clicks, boxes and brush</h2>
    <p id="counts" class="quiet"></p>
    </aside>
    """

  private static let footer = """
    <footer>
    <div class="row">
    <pre id="command" tabindex="0" aria-label="The command"></pre>
    <button type="button" id="copy" class="main">Copy</button>
    </div>
    <div class="row" id="mask-row" hidden>
    <label>The brushed mask is read from <input type="text" id="mask" spellcheck="false"></label>
    <button type="button" id="save" class="main">Save mask</button>
    </div>
    <p id="status" role="status" aria-live="polite"></p>
    <noscript><p>This page works with JavaScript only; it fetches and sends nothing.</p></noscript>
    </footer>
    """
}
