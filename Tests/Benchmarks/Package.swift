// swift-tools-version: 6.2
import PackageDescription

// Its own package, so that nothing that only benchmarks need reaches the product's manifest.
let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v26)],
  dependencies: [.package(name: "efface", path: "../..")],
  targets: [
    .target(name: "CPeak", cSettings: [.unsafeFlags(["-O3"])]),
    .executableTarget(
      name: "kernel-benchmarks",
      dependencies: [.product(name: "EffaceEngine", package: "efface"), "CPeak"],
      path: "Sources/KernelBenchmarks", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .executableTarget(
      name: "network-benchmarks",
      dependencies: [.product(name: "EffaceEngine", package: "efface")],
      path: "Sources/NetworkBenchmarks", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
    .executableTarget(
      name: "fill-benchmarks",
      dependencies: [.product(name: "EffaceEngine", package: "efface")],
      path: "Sources/FillBenchmarks", swiftSettings: [.enableExperimentalFeature("Lifetimes")]),
  ],
  swiftLanguageModes: [.v6]
)
