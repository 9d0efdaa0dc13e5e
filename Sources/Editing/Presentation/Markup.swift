import ImageCodecs
import Tensors

/// Text made safe for the place in a page where it goes: file names are whatever people, or others,
/// made of them.
enum Markup {
  /// Text for an element's content or a quoted attribute.
  ///
  /// Control characters, which HTML forbids, become U+FFFD.
  static func escaped(_ text: some StringProtocol) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A file's name as an element: isolated, so that right-to-left marks in it do not turn the page.
  static func name(_ text: some StringProtocol) -> String { "<bdi>\(escaped(text))</bdi>" }

  /// A value as JSON; within a `script` element it can neither end nor open an element.
  static func json(_ value: JSONValue) -> String {
    var result = ""
    // By scalars: with an accent behind it, a bracket is a part of another character.
    for scalar in value.text.unicodeScalars {
      if "<>&\u{7F}".unicodeScalars.contains(scalar) {
        result += "\\u00" + String(scalar.value, radix: 16)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Bytes in base 64 (RFC 4648, section 4).
  static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let left = min(3, bytes.count - start)
      var group = 0
      for index in 0..<3 { group = group << 8 | (index < left ? Int(bytes[start + index]) : 0) }
      for index in 0..<4 {
        result.append(index <= left ? digits[group >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A picture within the page, as a JPEG of the given quality.
  static func dataURI(
    _ pixels: borrowing Tensor<UInt8>, quality: Int
  ) throws(CodecError) -> String {
    dataURI(jpeg: try encodeNew(pixels: pixels, format: .jpeg, quality: quality))
  }

  /// A JPEG file within the page.
  static func dataURI(jpeg bytes: [UInt8]) -> String { "data:image/jpeg;base64," + base64(bytes) }

  /// The opening of every page: nothing may be fetched, scripts and styles are the page's own.
  ///
  /// - Parameters:
  ///   - title: Plain text.
  ///   - style: The page's style sheet, after the common one.
  static func head(title: String, style: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; \
    style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
    <meta name="generator" content="efface">
    <title>\(escaped(title))</title>
    <style>
    \(commonStyle)
    \(style)
    </style>
    </head>

    """
  }

  /// Colours, in light and dark, and the look of text and buttons that all pages share.
  private static let commonStyle = """
    :root {
      color-scheme: light dark;
      --page: #f6f6f4; --card: #ffffff; --text: #1d1d1b; --quiet: #5f5f5a; --line: #d4d4cf;
      --accent: #0b62c4; --on-accent: #ffffff; --bad: #b3261e; --good: #1c6e33; --warn: #8a5300;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #171716; --card: #232321; --text: #ececea; --quiet: #a5a59f; --line: #42423e;
        --accent: #7db5ff; --on-accent: #10233b; --bad: #ff8a80; --good: #7fd694; --warn: #f2b867;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--page); color: var(--text);
      font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
    }
    h1 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
    p { margin: 0; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    .quiet { color: var(--quiet); }
    """
}
