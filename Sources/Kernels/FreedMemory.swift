import CKernels

/// Has the process keep the memory that it frees, up to 256 MB, for what it allocates next.
///
/// Pictures come and go by tens of megabytes; the kernel clears every page anew that was given back, which
/// takes a tenth of a large photo's time. Call it before the first of them; it is of use with glibc only.
public func keepFreedMemory() {
  efk_keep_freed_memory()
}
