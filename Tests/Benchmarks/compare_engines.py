"""Time the shipped networks, and the same networks with their zeros in place, in other engines and in ours.

    pip install numpy onnx onnxruntime openvino ai-edge-litert flatbuffers
    swift build -c release --package-path Tests/Benchmarks
    python Tests/Benchmarks/compare_engines.py Sources/CWeights/inpainting.safetensors [--threads 1 2] [--rounds 5]
        [--isa avx2] [--size 192] [--write FOLDER]

Every measurement is a process of its own; the engines take turns, round after round, and the medians of the rounds
stand in the table. "load and first" is from opening the file to the first result, without the start of the process
itself; "memory" is the peak over what the process held before it loaded the engine. All engines get the same
quantized network: the same 8-bit weights, scales and zero points.
"""

import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
OURS = HERE / ".build" / "release" / "network-benchmarks"


def read_network(path):
    """Return the description and the tensors of one of our network files."""
    import numpy

    data = pathlib.Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    description = json.loads(header.pop("__metadata__")["efface"])
    types = {"I8": "<i1", "U8": "<u1", "U16": "<u2", "U32": "<u4", "I32": "<i4", "F32": "<f4"}
    tensors = {}
    for name, entry in header.items():
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = numpy.frombuffer(data[first:last], types[entry["dtype"]]).reshape(entry["shape"])
    return description, tensors


def write_network(path, description, tensors):
    """Write one of our network files: what is a multiple of 64 bytes long first, and no gaps (see `safetensors_bytes` in Training)."""
    names = {"int8": "I8", "uint8": "U8", "uint16": "U16", "uint32": "U32", "int32": "I32", "float32": "F32"}
    header = {"__metadata__": {"efface": json.dumps(description)}}
    chunks, offset = [], 0
    for name, tensor in sorted(tensors.items(), key=lambda t: (t[1].nbytes % 64 > 0, -t[1].itemsize)):
        data = tensor.tobytes()
        header[name] = {
            "dtype": names[str(tensor.dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def padded(channels):
    return (channels + 15) // 16 * 16


def dense_weights(node, graph, tensors):
    """Return a convolution's weights as output x input x kernel x kernel, absent blocks as zeros."""
    import numpy

    name, kernel = node["name"], node["kernel"]
    inputs = padded(graph["values"][node["input"]]["channels"])
    outputs = padded(graph["values"][node["output"]]["channels"])
    if node["op"] == "depthwise":
        quads = (kernel + 3) // 4
        taps = tensors[f"{name}.weights"].reshape(outputs // 16, kernel, quads, 16, 4)
        taps = taps.transpose(0, 3, 2, 4, 1).reshape(outputs, quads * 4, kernel)[:, :kernel]
        return taps.reshape(outputs, 1, kernel, kernel)
    weights = numpy.zeros((outputs // 16, kernel * kernel * inputs // 4, 16, 4), numpy.int8)
    rows = tensors[f"{name}.rows"].astype(int)
    for row in range(outputs // 16):
        blocks = slice(rows[row], rows[row + 1])
        weights[row, tensors[f"{name}.columns"][blocks]] = tensors[f"{name}.weights"][blocks]
    weights = weights.reshape(outputs // 16, kernel, kernel, inputs // 4, 16, 4)
    return weights.transpose(0, 4, 3, 5, 1, 2).reshape(outputs, inputs, kernel, kernel)


def write_dense_twin(source, target):
    """Write the network with every block stored: what our engine does without the pruning."""
    import numpy

    description, tensors = read_network(source)
    tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("~")}
    for graph in description["graphs"]:
        for node in graph["nodes"]:
            if node["op"] != "conv":
                continue
            name, kernel = node["name"], node["kernel"]
            weights = dense_weights(node, graph, tensors)
            outputs, inputs = weights.shape[:2]
            blocks = weights.reshape(outputs // 16, 16, inputs // 16, 4, 4, kernel, kernel)
            # By input plane, tap row, tap column, group of four: the order of the file format.
            blocks = blocks.transpose(0, 2, 5, 6, 3, 1, 4).reshape(-1, 16, 4)
            plane, ky, kx, group = numpy.indices((inputs // 16, kernel, kernel, 4)).reshape(4, -1)
            columns = (ky * kernel + kx) * (inputs // 4) + plane * 4 + group
            tensors[f"{name}.weights"] = numpy.ascontiguousarray(blocks)
            tensors[f"{name}.columns"] = numpy.tile(columns, outputs // 16).astype(numpy.uint16)
            tensors[f"{name}.rows"] = (numpy.arange(outputs // 16 + 1) * len(columns)).astype(numpy.uint32)
    write_network(target, description, tensors)


def layer_parameters(node, graph, tensors):
    """Return a layer's dense weights, and its weight scales and biases as other engines want them."""
    weights = dense_weights(node, graph, tensors)
    source, target = graph["values"][node["input"]], graph["values"][node["output"]]
    scales = tensors[f"{node['name']}.scale"] * target.get("scale", 1.0) / source["scale"]
    # Our biases have the input's zero point in them.
    sums = weights.astype("i4").sum((1, 2, 3))
    biases = tensors[f"{node['name']}.bias"] + source["zero_point"] * sums
    return weights, scales.clip(1e-12).astype("f4"), biases.astype("i4")


def write_onnx(source, target, size):
    """Write the graph "main" as ONNX with quantize and dequantize nodes."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    description, tensors = read_network(source)
    graph = description["graphs"][0]
    values, nodes, constants = graph["values"], [], []
    count = iter(range(10**6))

    def constant(array):
        name = f"constant{next(count)}"
        constants.append(numpy_helper.from_array(array, name))
        return name

    def add(kind, *inputs, name=None, **attributes):
        name = name or f"between{next(count)}"
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def scale(value):
        return constant(numpy.float32(values[value]["scale"]))

    def zero(value):
        return constant(numpy.uint8(values[value]["zero_point"]))

    def real(value):
        return add("DequantizeLinear", value, scale(value), zero(value))

    def finish(node, result):
        output = node["output"]
        if values[output]["type"] == "f32":
            nodes.append(helper.make_node("Identity", [result], [output]))
            return
        low, high = node.get("lo", 0), node.get("hi", 255)
        if low == values[output]["zero_point"]:
            result = add("Relu", result)
        elif (low, high) != (0, 255):
            bounds = [(b - values[output]["zero_point"]) * values[output]["scale"] for b in (low, high)]
            result = add("Clip", result, *[constant(numpy.float32(b)) for b in bounds])
        add("QuantizeLinear", result, scale(output), zero(output), name=output)

    def doubled(value):
        sizes = constant(numpy.array([1, 1, 2, 2], numpy.float32))
        return add("Resize", value, "", sizes, mode="nearest", nearest_mode="floor",
                   coordinate_transformation_mode="asymmetric")

    image = graph["inputs"][0]
    side = size // image["unshuffle"]
    sides = {image["value"]: side}
    for node in graph["nodes"]:
        kind = node["op"]
        if kind in ("conv", "depthwise"):
            before, stride, pad = sides[node["input"]], node["stride"], node["pad"]
            after = sides[node["output"]] = -(-before // stride)
            reach = (node["kernel"] - 1) * node["dilation"] + 1
            behind = max(0, (after - 1) * stride + reach - before - pad)
            weights, scales, biases = layer_parameters(node, graph, tensors)
            w = add("DequantizeLinear", constant(weights), constant(scales),
                    constant(numpy.zeros(len(scales), numpy.int8)), axis=0)
            b = add("DequantizeLinear", constant(biases), constant(scales * numpy.float32(
                values[node["input"]]["scale"])), constant(numpy.zeros(len(scales), numpy.int32)), axis=0)
            result = add("Conv", real(node["input"]), w, b, strides=[stride] * 2,
                         dilations=[node["dilation"]] * 2, pads=[pad, pad, behind, behind],
                         group=len(scales) if kind == "depthwise" else 1)
            if "residual" in node:
                result = add("Add", result, real(node["residual"]))
        elif kind == "add":
            other = real(node["b"])
            sides[node["output"]] = sides[node["a"]]
            result = add("Add", real(node["a"]), doubled(other) if node["b_mode"] == "nearest2" else other)
        elif kind == "mean":
            result = add("GlobalAveragePool", real(node["input"]))
            sides[node["output"]] = 1
        else:
            result = doubled(real(node["input"]))
            sides[node["output"]] = 2 * sides[node["input"]]
        finish(node, result)
    shape = [1, padded(values[image["value"]]["channels"]), side, side]
    outputs = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT if values[name]["type"] == "f32" else TensorProto.UINT8, [None] * 4)
        for name in graph["outputs"]
    ]
    model = helper.make_model(
        helper.make_graph(nodes, description["name"],
                          [helper.make_tensor_value_info(image["value"], TensorProto.UINT8, shape)],
                          outputs, constants),
        opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def write_tflite(source, target, size):
    """Write the graph "main" for LiteRT: channels last, signed activations, "same" padding.

    LiteRT may pad layers of stride 2 on another side than the network does: then its results differ, its work does not.
    """
    import flatbuffers
    import numpy
    from ai_edge_litert import schema_py_generated as schema

    description, tensors = read_network(source)
    graph = description["graphs"][0]
    values = graph["values"]
    model, subgraph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [subgraph], [schema.BufferT()], []
    subgraph.tensors, subgraph.operators = [], []
    codes, places, sizes, scales_of = {}, {}, {}, {}

    def tensor(name, shape, kind, scales, zeros, data=None, axis=0):
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, [int(n) for n in shape], kind, 0
        if scales is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [float(v) for v in numpy.atleast_1d(scales)]
            made.quantization.zeroPoint = [int(v) for v in numpy.atleast_1d(zeros)]
            made.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(numpy.ascontiguousarray(data).tobytes(), numpy.uint8)
            made.buffer = len(model.buffers)
            model.buffers.append(buffer)
        subgraph.tensors.append(made)
        return len(subgraph.tensors) - 1

    def activation(name, side, scale, zero):
        sizes[name] = side
        scales_of[name] = (scale, zero)
        shape = [1, side, side, padded(values[name]["channels"])] if name in values else None
        places[name] = tensor(name, shape, schema.TensorType.INT8, scale, zero)
        return places[name]

    def quantization(name):
        value = values[name]
        # An output of real numbers is left in 8 bits: converting it back is no part of the work.
        return (value["scale"], value["zero_point"] - 128) if value["type"] == "u8" else (0.02, 0)

    def operator(code, inputs, outputs, kind=0, options=None):
        if code not in codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = entry.deprecatedBuiltinCode = code
            entry.version = {schema.BuiltinOperator.CONV_2D: 3, schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3}.get(code, 2)
            codes[code] = len(model.operatorCodes)
            model.operatorCodes.append(entry)
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = codes[code], inputs, outputs
        made.builtinOptionsType, made.builtinOptions = kind, options
        subgraph.operators.append(made)

    def fused(node):
        value = values[node["output"]]
        rectified = value["type"] == "u8" and node.get("lo", 0) == value["zero_point"]
        return schema.ActivationFunctionType.RELU if rectified else schema.ActivationFunctionType.NONE

    def add(a, b, output, activation_function):
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation_function
        operator(schema.BuiltinOperator.ADD, [a, b], [output], schema.BuiltinOptions.AddOptions, options)

    def doubled(index, name, side, channels, scale, zero):
        sides = tensor(f"{name}.sides", [2], schema.TensorType.INT32, None, None,
                       numpy.array([side, side], numpy.int32))
        output = tensor(name, [1, side, side, channels], schema.TensorType.INT8, scale, zero)
        operator(schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR, [index, sides], [output],
                 schema.BuiltinOptions.ResizeNearestNeighborOptions, schema.ResizeNearestNeighborOptionsT())
        return output

    image = graph["inputs"][0]
    first = activation(image["value"], size // image["unshuffle"], *quantization(image["value"]))
    for node in graph["nodes"]:
        kind, output = node["op"], node["output"]
        scale, zero = quantization(output)
        channels = padded(values[output]["channels"])
        if kind in ("conv", "depthwise"):
            source_name, name = node["input"], node["name"]
            side = -(-sizes[source_name] // node["stride"])
            weights, scales, biases = layer_parameters(node, graph, tensors)
            is_depthwise = kind == "depthwise"
            weights = weights.transpose(1, 2, 3, 0) if is_depthwise else weights.transpose(0, 2, 3, 1)
            zeros = numpy.zeros(len(scales), numpy.int64)
            inputs = [
                places[source_name],
                tensor(f"{name}.weights", weights.shape, schema.TensorType.INT8, scales, zeros, weights,
                       axis=3 if is_depthwise else 0),
                tensor(f"{name}.bias", [len(scales)], schema.TensorType.INT32,
                       scales * scales_of[source_name][0], zeros, biases),
            ]
            options = schema.DepthwiseConv2DOptionsT() if is_depthwise else schema.Conv2DOptionsT()
            options.padding = schema.Padding.SAME
            options.strideH = options.strideW = node["stride"]
            options.dilationHFactor = options.dilationWFactor = node["dilation"]
            if is_depthwise:
                options.depthMultiplier = 1
            target_place = activation(output, side, scale, zero)
            through = target_place
            if "residual" in node:
                through = tensor(f"{name}.sum", [1, side, side, channels], schema.TensorType.INT8, scale, 0)
            else:
                options.fusedActivationFunction = fused(node)
            operator(
                schema.BuiltinOperator.DEPTHWISE_CONV_2D if is_depthwise else schema.BuiltinOperator.CONV_2D,
                inputs, [through],
                schema.BuiltinOptions.DepthwiseConv2DOptions if is_depthwise else schema.BuiltinOptions.Conv2DOptions,
                options)
            if "residual" in node:
                add(through, places[node["residual"]], target_place, fused(node))
        elif kind == "add":
            side, other = sizes[node["a"]], places[node["b"]]
            if node["b_mode"] == "nearest2":
                other = doubled(other, f"{node['name']}.doubled", side, channels, *scales_of[node["b"]])
            add(places[node["a"]], other, activation(output, side, scale, zero), fused(node))
        elif kind == "mean":
            axes = tensor(f"{node['name']}.axes", [2], schema.TensorType.INT32, None, None,
                          numpy.array([1, 2], numpy.int32))
            options = schema.ReducerOptionsT()
            options.keepDims = True
            operator(schema.BuiltinOperator.MEAN, [places[node["input"]], axes],
                     [activation(output, 1, scale, zero)], schema.BuiltinOptions.ReducerOptions, options)
        else:
            side = 2 * sizes[node["input"]]
            sizes[output], scales_of[output] = side, (scale, zero)
            places[output] = doubled(places[node["input"]], output, side, channels, scale, zero)
    subgraph.inputs, subgraph.outputs = [first], [places[name] for name in graph["outputs"]]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    pathlib.Path(target).write_bytes(builder.Output())


def memory(key):
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def work(engine, path, threads, rounds):
    """Time one engine in this process and print what it took."""
    import numpy

    before = memory("VmRSS")
    start = time.perf_counter()
    if engine == "onnxruntime":
        import onnxruntime

        start = time.perf_counter()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        shape, name = session.get_inputs()[0].shape, session.get_inputs()[0].name
        pixels = numpy.random.default_rng(1).integers(0, 256, shape, numpy.uint8)
        run = lambda: session.run(None, {name: pixels})
    elif engine == "openvino":
        import openvino

        start = time.perf_counter()
        core = openvino.Core()
        model = core.compile_model(path, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1})
        request = model.create_infer_request()
        pixels = numpy.random.default_rng(1).integers(0, 256, list(model.input().shape), numpy.uint8)
        request.set_input_tensor(openvino.Tensor(pixels))
        run = request.infer
    else:
        from ai_edge_litert.interpreter import Interpreter

        start = time.perf_counter()
        interpreter = Interpreter(model_path=path, num_threads=threads)
        interpreter.allocate_tensors()
        details = interpreter.get_input_details()[0]
        pixels = numpy.random.default_rng(1).integers(-128, 128, details["shape"], numpy.int8)
        interpreter.set_tensor(details["index"], pixels)
        run = interpreter.invoke
    run()
    first = (time.perf_counter() - start) * 1e3
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begin) * 1e3)
    print(json.dumps({"load_and_first_ms": first, "median_ms": statistics.median(taken),
                      "least_ms": min(taken), "memory_over_idle_bytes": memory("VmHWM") - before}))


def measure(network, size, threads, rounds, runs, isa="", dense=True):
    """Time a network file in every engine; return for each its rounds' results, ours first."""
    environment = dict(os.environ)
    if isa:
        environment["EFFACE_ISA"] = isa
        environment["ONEDNN_MAX_CPU_ISA"] = {"avx2": "AVX2", "avxvnni": "AVX2_VNNI"}.get(isa, "DEFAULT")
    with tempfile.TemporaryDirectory() as folder:
        onnx_path, tflite_path = f"{folder}/network.onnx", f"{folder}/network.tflite"
        write_onnx(network, onnx_path, size)
        write_tflite(network, tflite_path, size)

        def ours(path):
            return [str(OURS), str(path), str(size), str(size), str(threads), str(runs)]

        def peer(engine, path):
            return [sys.executable, __file__, "--worker", engine, path, str(threads), str(runs)]

        contenders = {"ours": ours(pathlib.Path(network).resolve())}
        if dense:
            twin = f"{folder}/dense.safetensors"
            write_dense_twin(network, twin)
            contenders["ours, zeros in place"] = ours(twin)
        contenders["OpenVINO"] = peer("openvino", onnx_path)
        # These two cannot be held to a narrower instruction set.
        if not isa:
            contenders["ONNX Runtime"] = peer("onnxruntime", onnx_path)
            contenders["LiteRT (XNNPACK)"] = peer("litert", tflite_path)
        results = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, command in contenders.items():
                done = subprocess.run(command, env=environment, capture_output=True, text=True)
                if done.returncode != 0:
                    sys.exit(f"{name} failed:\n{done.stderr}")
                result = json.loads(done.stdout.strip().splitlines()[-1])
                if "load_and_first_ms" not in result:
                    result["load_and_first_ms"] = result["load_ms"] + result["plan_ms"] + result["first_run_ms"]
                results[name].append(result)
        return results


def processor():
    """Return the processor's name, with the family that a cloud's name may hide."""
    lines = dict(line.split(":", 1) for line in open("/proc/cpuinfo").read().split("\n\n")[0].splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in lines.items()}
    return f"{fields.get('model name', '?')}, family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"


def main():
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=0, help="side of the picture; the network's own by default")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20, help="runs a round")
    parser.add_argument("--isa", default="", help="hold ours and OpenVINO to this instruction set: avx2, avxvnni")
    parser.add_argument("--write", type=pathlib.Path, metavar="FOLDER", help="only write the network as ONNX and for LiteRT")
    options = parser.parse_args()
    description, _ = read_network(options.network)
    size = options.size or description["input_size"]
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        for kind, write in (("onnx", write_onnx), ("tflite", write_tflite)):
            write(options.network, str(options.write / f"{options.network.stem}.{kind}"), size)
        return
    card = description["card"]
    print(f"{processor()}\n{options.network.stem}: {card['dense_parameters'] / 1e6:.2f} million parameters, "
          f"{100 * card['sparsity']:.1f} % pruned")
    for threads in options.threads:
        results = measure(options.network, size, threads, options.rounds, options.runs, options.isa)
        base = statistics.median(r["median_ms"] for r in results["ours"])
        print(f"{size}x{size}, {threads} thread(s) {options.isa}")
        print(f"{'':24}{'run ms':>10}{'least':>10}{'x ours':>8}{'load and first ms':>20}{'memory MB':>12}")
        medians = {}
        for name, rows in results.items():
            middle = {key: statistics.median(r[key] for r in rows) for key in (
                "median_ms", "load_and_first_ms", "memory_over_idle_bytes")}
            least = min(r["least_ms"] for r in rows)
            medians[name] = middle["median_ms"]
            print(f"{name:24}{middle['median_ms']:10.2f}{least:10.2f}{middle['median_ms'] / base:8.2f}"
                  f"{middle['load_and_first_ms']:20.1f}{middle['memory_over_idle_bytes'] / 1e6:12.1f}")
        best = min((ms, name) for name, ms in medians.items() if not name.startswith("ours"))
        print(f"best peer: {best[1]}, {best[0] / base:.2f} x ours\n")


if __name__ == "__main__":
    main()
