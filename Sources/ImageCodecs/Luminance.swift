/// The luminance of a colour by ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B), rounded as libjpeg rounds it.
///
/// The samples are of 0 to 255 or of 0 to 65535, and so is the result.
@inline(__always)
func luminance(_ red: Int, _ green: Int, _ blue: Int) -> Int {
  (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16
}
