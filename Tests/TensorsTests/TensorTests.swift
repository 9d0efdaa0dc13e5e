import Tensors
import Testing

@Suite struct TensorTests {
  @Test func holdsWhatIsWritten() {
    var tensor = Tensor<UInt8>(height: 2, width: 3, channels: 4, repeating: 7)
    tensor[1, 2, 3] = 9
    #expect(tensor.count == 24 && tensor.rowStride == 12)
    #expect(tensor.span[23] == 9 && tensor.span[0] == 7)
    let second = tensor.copy()
    tensor[0, 0, 0] = 1
    #expect(second[0, 0, 0] == 7)
  }

  @Test func isEmptyWithoutRows() {
    let tensor = Tensor<Float>(height: 0, width: 5, channels: 3, repeating: 1)
    #expect(tensor.span.count == 0)
  }
}
