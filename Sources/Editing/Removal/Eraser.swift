import ImageCodecs
import Inpainting
import Kernels
import Photos
import Segmentation
import Tensors

/// Edits photos, one at a time; the networks are loaded at their first use and kept.
///
/// An eraser belongs to one thread. A batch gives every worker its own.
public final class Eraser {
  private let threads: Int
  private let progress: (Stage) -> Void
  private var segmenter: Segmenter?
  private var inpainter: Inpainter?

  /// Makes an eraser.
  ///
  /// - Parameters:
  ///   - threads: The most threads that the networks use.
  ///   - progress: Called when a stage begins.
  public init(threads: Int, progress: @escaping (Stage) -> Void = { _ in }) {
    keepFreedMemory()
    self.threads = threads
    self.progress = progress
  }

  /// Removes what is selected from one photo and writes the result; the report tells of a failure too.
  public func remove(_ request: RemovalRequest) -> RemovalReport {
    var report = RemovalReport(input: request.input, status: .done)
    let watch = Stopwatch()
    do throws(EditingError) {
      try remove(request, &report)
    } catch {
      report.fail(error)
    }
    report.timings.total = watch.milliseconds
    report.peakMemoryBytes = peakMemoryBytes()
    return report
  }

  /// The way of one photo.
  private func remove(_ request: RemovalRequest, _ report: inout RemovalReport)
    throws(EditingError)
  {
    var photo = try read(request, &report)
    var selected = try select(in: photo.photo, request, &report)
    let others = selected.others.take()
    let hole = try grow(&selected, request, &report)
    let overlay = try drawMask(hole, on: photo.photo, request, &report)
    guard let output = request.output else {
      try saveMask(hole, photo.source, overlay: overlay, request, &report)
      if request.wantsPictures {
        report.pictures = (
          before: try reportPicture(photo.photo, name: request.input),
          after: try reportPicture(Editing.overlay(photo.photo, mask: hole), name: request.input)
        )
      }
      return
    }
    let before = keepBefore(photo.photo, request)
    let smallBefore = try smallPicture(photo.photo, request, &report)
    let seed = request.options.seed
    try fill(&photo.photo, hole, others: others, request, seed: seed, &report)
    // Encoding lets the pixels go.
    let smallAfter = try smallPicture(photo.photo, request, &report)
    let encoded = try encode(&photo, hole, request, &report)
    try saveMask(hole, photo.source, overlay: overlay, request, &report)
    try write(encoded, to: output, photo: photo, before: before, request, &report)
    if let smallBefore, let smallAfter { report.pictures = (smallBefore, smallAfter) }
    report.variants = request.variants.isEmpty ? [] : [.init(output: output.path, seed: seed)]
    try writeVariants(
      of: &photo, before: before, hole: hole, others: others, request, &report)
  }

  /// Finds the objects in a photo.
  public func detect(_ input: String, overlay: OutputFile? = nil) throws(EditingError)
    -> DetectionReport
  {
    let watch = Stopwatch()
    if let overlay { try checkOverlayName(overlay.path) }
    progress(.reading)
    let source = photoStatus(input)
    let photo = try decodePhoto(try FileSystem.readPicture(input), name: input)
    var report = DetectionReport(input: input, size: photo.source.uprightSize)
    report.timings.decode = watch.milliseconds
    let finding = Stopwatch()
    let scene = try scene(of: photo.photo, name: input)
    report.objects = scene.objects
    report.timings.segment = finding.milliseconds
    if let overlay {
      progress(.writing)
      let drawing = Stopwatch()
      let picture = try Editing.overlay(photo.photo, scene: scene, name: overlay.path)
      try overlay.write(picture, like: source)
      report.timings.encode = drawing.milliseconds
    }
    report.timings.total = watch.milliseconds
    report.peakMemoryBytes = peakMemoryBytes()
    return report
  }

  /// Writes a page on which one clicks, boxes or brushes what should go.
  public func pick(_ input: String, to page: OutputFile) throws(EditingError) {
    progress(.reading)
    let source = photoStatus(input)
    let photo = try decodePhoto(try FileSystem.readPicture(input), name: input)
    let scene = try scene(of: photo.photo, name: input)
    progress(.writing)
    let text = try pickPage(photo.photo, scene: scene, path: input)
    try page.write(Array(text.utf8), like: source)
  }

  // MARK: - The steps

  private func read(_ request: RemovalRequest, _ report: inout RemovalReport)
    throws(EditingError) -> DecodedPhoto
  {
    progress(.reading)
    let watch = Stopwatch()
    report.source = photoStatus(request.input)
    let photo = try decodePhoto(try FileSystem.readPicture(request.input), name: request.input)
    let size = photo.source.uprightSize
    (report.width, report.height) = (size.width, size.height)
    if let remark = photo.source.nameRemark { report.notes.append(remark) }
    if let output = request.output {
      try checkFormat(of: output.path, input: request.input, source: photo.source)
    }
    report.timings.decode = watch.milliseconds
    return photo
  }

  private func select(
    in photo: borrowing Photo, _ request: RemovalRequest, _ report: inout RemovalReport
  ) throws(EditingError) -> SelectedMask {
    let watch = Stopwatch()
    defer { report.timings.segment += watch.milliseconds }
    var selection = request.options.selection
    try checkPositions(selection, photo, name: request.input)
    var selected = SelectedMask(width: photo.width, height: photo.height)
    try selected.addMasks(selection, photo: photo, name: request.input)
    if selection.wires || !selection.clicks.isEmpty { progress(.finding) }
    try selected.addWires(&selection, in: photo, threads: threads, name: request.input)
    if selection.needsScene {
      let scene = try scene(
        of: photo, name: request.input, closely: selection.namesObjects)
      try selected.addObjects(selection, in: scene, photo: photo, name: request.input)
    }
    report.removed = selected.removed
    report.notes += selected.notes
    return selected
  }

  private func grow(
    _ selected: inout SelectedMask, _ request: RemovalRequest, _ report: inout RemovalReport
  ) throws(EditingError) -> Mask {
    let watch = Stopwatch()
    defer { report.timings.segment += watch.milliseconds }
    let mask = selected.grown(by: request.options.grow, feather: request.options.feather)
    if mask.boundingBox == nil {
      throw .nothingMatched(name: shown(request.input), detail: "the selection covers no pixel")
    }
    report.maskPixels = mask.count
    return mask
  }

  private func keepBefore(_ photo: borrowing Photo, _ request: RemovalRequest) -> Photo? {
    request.showsPhoto ? photo.copy() : nil
  }

  /// A small picture of the photo as it is at the moment; nil if none is wanted.
  private func smallPicture(
    _ photo: borrowing Photo, _ request: RemovalRequest, _ report: inout RemovalReport
  ) throws(EditingError) -> ReportPicture? {
    if !request.wantsPictures { return nil }
    let watch = Stopwatch()
    let picture = try reportPicture(photo, name: request.input)
    report.timings.encode += watch.milliseconds
    return picture
  }

  private func fill(
    _ photo: inout Photo, _ hole: borrowing Mask, others: borrowing Tensor<UInt8>?,
    _ request: RemovalRequest, seed: UInt64, _ report: inout RemovalReport
  ) throws(EditingError) {
    progress(.filling)
    let inpainter = try inpainter(seed: seed)
    do {
      let filled = try inpainter.fill(&photo, hole: hole, barred: others)
      report.timings.inpaint += filled.networkMilliseconds
      report.timings.detail += filled.detailMilliseconds
      if filled.plainWindows > 0 {
        report.notes.append(
          "the mask leaves too little to copy detail from: the fill is only smooth")
      }
    } catch {
      throw .network(message: "\(shown(request.input)): the fill failed: \(error)")
    }
  }

  private func encode(
    _ photo: inout DecodedPhoto, _ hole: borrowing Mask, _ request: RemovalRequest,
    _ report: inout RemovalReport
  ) throws(EditingError) -> [UInt8] {
    progress(.writing)
    let watch = Stopwatch()
    let wanted = request.options
    let mark = EncodingOptions.Mark(
      software: "Efface \(version)", date: timestamp(currentTime()))
    let options = EncodingOptions(
      quality: wanted.quality, thumbnail: wanted.keepsThumbnail ? .rebuild : .drop,
      strip: wanted.strip, mark: wanted.marksHistory ? mark : nil)
    do {
      let encoded =
        request.showsPhoto
        ? try ImageCodecs.encode(photo.photo, changed: hole, over: photo.source, options: options)
        : try ImageCodecs.encode(
          releasing: &photo.photo, changed: hole, over: photo.source, options: options)
      report.notes += encoded.notes
      report.timings.encode += watch.milliseconds
      return encoded.bytes
    } catch {
      throw .picture(message: "\(shown(request.input)): \(error)")
    }
  }

  /// The file of the photo, as it still is, with the mask drawn on it; nil if none is wanted.
  private func drawMask(
    _ hole: borrowing Mask, on photo: borrowing Photo, _ request: RemovalRequest,
    _ report: inout RemovalReport
  ) throws(EditingError) -> [UInt8]? {
    guard let file = request.overlay else { return nil }
    let watch = Stopwatch()
    defer { report.timings.encode += watch.milliseconds }
    let format = try checkOverlayName(file.path)
    return try encodePicture(
      overlay(photo, mask: hole), format: format, quality: 90, name: file.path)
  }

  private func saveMask(
    _ hole: borrowing Mask, _ source: SourceImage, overlay: [UInt8]?, _ request: RemovalRequest,
    _ report: inout RemovalReport
  ) throws(EditingError) {
    let watch = Stopwatch()
    if let file = request.savedMask {
      let upright = source.orientation.upright(hole.values)
      let encoded = try encodePicture(upright, format: .png, name: file.path)
      try file.write(encoded, like: report.source)
    }
    if let file = request.overlay, let overlay { try file.write(overlay, like: report.source) }
    report.timings.encode += watch.milliseconds
  }

  private func write(
    _ encoded: [UInt8], to output: OutputFile, photo: borrowing DecodedPhoto,
    before: borrowing Photo?, _ request: RemovalRequest, _ report: inout RemovalReport
  ) throws(EditingError) {
    let watch = Stopwatch()
    // Everything that shows the photo is as private as the photo.
    let source = report.source
    switch before {
    case .none: break
    case .some(let before):
      if let file = request.comparison {
        let page = try comparison(
          before: before.uprightPixels, after: photo.photo.uprightPixels, name: file.path,
          title: request.input)
        try file.write(page, like: source)
      }
    }
    if output.isInPlace, FileSystem.status(request.input) != source {
      throw .unwritable(
        name: request.input, reason: "another program changed it meanwhile; run the command again")
    }
    try request.willPublish?(encoded)
    try output.write(encoded, like: source, keepsTime: request.options.keepsTime)
    if let backup = output.backup {
      report.notes.append("the photo as it was is kept as \(backup)")
    }
    report.output = output.path
    report.timings.encode += watch.milliseconds
  }

  private func writeVariants(
    of photo: inout DecodedPhoto, before: borrowing Photo?, hole: borrowing Mask,
    others: borrowing Tensor<UInt8>?, _ request: RemovalRequest, _ report: inout RemovalReport
  ) throws(EditingError) {
    if request.variants.isEmpty { return }
    let seed = request.options.seed
    for (number, file) in request.variants.enumerated() {
      switch before {
      case .none: break
      case .some(let before): photo.photo = before.copy()
      }
      let seed = seed &+ UInt64(number + 1)
      let notes = report.notes
      try fill(&photo.photo, hole, others: others, request, seed: seed, &report)
      let encoded = try encode(&photo, hole, request, &report)
      report.notes = notes
      let watch = Stopwatch()
      try file.write(encoded, like: report.source, keepsTime: request.options.keepsTime)
      report.timings.encode += watch.milliseconds
      report.variants.append(RemovalReport.Variant(output: file.path, seed: seed))
    }
  }

  // MARK: - The networks

  private func scene(
    of photo: borrowing Photo, name: String, closely: Bool = true
  ) throws(EditingError) -> Scene {
    progress(.finding)
    do {
      let network = try segmenter ?? Segmenter(threads: threads)
      segmenter = network
      return try network.analyze(
        photo.pixels, orientation: photo.orientation, color: photo.color, closely: closely)
    } catch {
      throw .network(message: "\(shown(name)): the objects could not be found: \(error)")
    }
  }

  /// An inpainter with a seed; every seed's has the same network.
  func inpainter(seed: UInt64) throws(EditingError) -> Inpainter {
    do {
      let loaded = try inpainter ?? Inpainter(threads: threads, seed: seed)
      inpainter = loaded
      return loaded.seeded(seed)
    } catch {
      throw .network(message: "the inpainting network could not be loaded: \(error)")
    }
  }
}
