// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: warnings stop the build, and unsafe code must say `unsafe`.
let swiftSettings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Every C target: optimized always, warnings stop the build, and no fused multiply-adds, so that every
/// instruction set rounds alike.
let cSettings: [CSetting] = [
  // SwiftPM compiles C at -O0 in debug builds: kernels there would make the tests take minutes.
  .unsafeFlags(["-O3", "-std=c23", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"])
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "efface",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "efface", targets: ["efface"]),
    // For the benchmarks' own package.
    .library(
      name: "EffaceEngine", targets: ["Tensors", "Kernels", "Networks", "Photos", "Inpainting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    // The system's image libraries, and the C wall that keeps their setjmp/longjmp away from Swift.
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .target(name: "CImageCodecs", dependencies: ["CPNG", "CJPEG"], cSettings: cSettings),

    // Micro-kernels, and the two networks' files embedded in the binary.
    .target(
      name: "CKernels",
      // What several instruction sets' files include.
      exclude: [
        "image_pyramid.inc",
        "image_rows.inc",
        "image_table.inc",
        "patch_search.inc",
        "patch_vote.inc",
        "quantized_256.inc",
        "quantized_elementwise.inc",
        "quantized_neon.inc",
        "quantized_table.inc",
      ],
      cSettings: cSettings),
    .target(name: "CFileSystem", cSettings: cSettings),
    .target(
      name: "CWeights", exclude: ["inpainting.safetensors", "segmentation.safetensors"],
      cSettings: cSettings),

    library("Tensors", []),
    library("Kernels", ["Tensors", "CKernels"]),
    library("Networks", ["Tensors", "Kernels", "CWeights"]),
    library("Photos", ["Tensors"]),
    library("ImageCodecs", ["Tensors", "Photos", "CImageCodecs"]),
    library("Segmentation", ["Tensors", "Photos", "Kernels", "Networks"]),
    library("Inpainting", ["Tensors", "Photos", "Kernels", "Networks"]),
    library(
      "Editing",
      [
        "Tensors", "Kernels", "Networks", "Photos", "ImageCodecs", "Segmentation", "Inpainting",
        "CFileSystem",
      ]),
    .executableTarget(
      name: "efface",
      dependencies: [
        "Photos", "ImageCodecs", "Editing",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    tests("TensorsTests", ["Tensors"]),
    tests("KernelsTests", ["Kernels", "Tensors"]),
    tests("NetworksTests", ["Networks", "Kernels", "Tensors"], resources: [.copy("Fixtures")]),
    tests("PhotosTests", ["Photos", "Tensors"]),
    tests(
      "SegmentationTests",
      ["Segmentation", "ImageCodecs", "Kernels", "Networks", "Photos", "Tensors"]),
    tests(
      "InpaintingTests", ["Inpainting", "Kernels", "Networks", "Photos", "Tensors"],
      resources: [.copy("Fixtures")]),
    tests("effaceTests", ["efface", "ImageCodecs", "Photos", "Tensors"], exclude: ["Help"]),
    // The tests' own reader of JPEG coefficients, which shares no code with ours.
    .target(
      name: "CCoefficients", dependencies: ["CJPEG"], path: "Tests/CCoefficients",
      cSettings: cSettings),
    tests(
      "ImageCodecsTests", ["ImageCodecs", "CImageCodecs", "CCoefficients", "Photos", "Tensors"],
      resources: [.copy("Fixtures")]),
    tests(
      "EditingTests", ["Editing", "ImageCodecs", "Inpainting", "Networks", "Photos", "Tensors"]),
  ],
  swiftLanguageModes: [.v6]
)
