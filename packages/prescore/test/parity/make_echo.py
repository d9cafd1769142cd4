"""Makes echo.onnx: a double model whose output is its input, with a number that no feature has in the place of missing.

    pip install onnx && python make_echo.py
"""
import onnx
from onnx import TensorProto, helper

FEATURES = 27
shape = [None, FEATURES]
graph = helper.make_graph(
    [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "instead", "features"], ["echo"]),
    ],
    "echo",
    [helper.make_tensor_value_info("features", TensorProto.DOUBLE, shape)],
    [helper.make_tensor_value_info("echo", TensorProto.DOUBLE, shape)],
    [helper.make_tensor("instead", TensorProto.DOUBLE, [], [-1e300])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.save(model, "echo.onnx")
