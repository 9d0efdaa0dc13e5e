/// Refuses arguments that are not UTF-8: they come repaired, and would name other files than those meant.
public func checkArguments() throws(EditingError) {
  for index in 1..<max(1, Int(CommandLine.argc)) {
    guard let argument = unsafe CommandLine.unsafeArgv[index] else { return }
    if unsafe String(validatingCString: argument) == nil {
      let shown = unsafe String(cString: argument)
      throw .usage("argument \(index) is not UTF-8; rename the file: \(shown)")
    }
  }
}
