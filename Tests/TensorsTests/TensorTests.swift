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

  @Test func findsRunsOfSetBytes() {
    // One odd byte at every place of spans around the stride, and bytes whose highest bit is set.
    for count in [0, 1, 31, 32, 33, 65, 100] {
      for (background, byte) in [(0, 1), (0, 128), (255, 0), (1, 0), (128, 0)] as [(UInt8, UInt8)] {
        for position in 0..<count {
          var tensor = Tensor<UInt8>(height: 1, width: count, repeating: background)
          tensor[0, position] = byte
          for start in [0, 1, position, position + 1] where start <= count {
            let expected = position >= start ? position : count
            let range = start..<count
            let (set, clear) = (tensor.span.firstSet(in: range), tensor.span.firstClear(in: range))
            #expect((background == 0 ? set : clear) == expected)
            if start < count && start != position {
              #expect((background == 0 ? clear : set) == start)
            }
          }
          #expect(tensor.span.firstSet(in: position..<position) == position)
          #expect(tensor.span.lastSet(in: position..<position) == nil)
          for end in [position, position + 1, count] {
            let last = tensor.span.lastSet(in: 0..<end)
            #expect(last == (0..<end).last { tensor.span[$0] != 0 })
          }
        }
      }
    }
  }

  @Test func largeTensorsAreAlignedAndWhole() {
    // Past the size from which memory comes in huge pages.
    var tensor = Tensor<UInt8>(height: 1500, width: 1501, repeating: 3)
    tensor[1499, 1500] = 9
    #expect(tensor[0, 0] == 3 && tensor.span[tensor.count - 1] == 9 && tensor.span[1 << 20] == 3)
  }

  @Test func isEmptyWithoutRows() {
    let tensor = Tensor<Float>(height: 0, width: 5, channels: 3, repeating: 1)
    #expect(tensor.span.count == 0)
  }
}
