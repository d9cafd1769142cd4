"""Makes the small models in fixtures/, by hand: what they compute is said here, and the tests compute it again.

    python3 -m venv venv && venv/bin/pip install onnx==1.23.2 numpy==2.4.6 && venv/bin/python make_models.py
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FIXTURES = pathlib.Path(__file__).parent / 'fixtures'
F32, F64 = TensorProto.FLOAT, TensorProto.DOUBLE
node = helper.make_node


def save(name, nodes, inputs, outputs, weights):
    infos = lambda specs: [helper.make_tensor_value_info(*spec) for spec in specs]
    tensors = [numpy_helper.from_array(value, key) for key, value in weights.items()]
    graph = helper.make_graph(nodes, 'g', infos(inputs), infos(outputs), tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, FIXTURES / f'{name}.onnx')


def weighted(name, factor):
    """double [rows, 4] -> `values` [rows, 2]: x0 + 1000 x1 + 10^6 x2 + 10^9 x3 (missing: -1), and the same times a factor."""
    save(
        name,
        [
            node('IsNaN', ['features'], ['missing']),
            node('Where', ['missing', 'instead', 'features'], ['x']),
            node('Mul', ['x', 'w'], ['terms']),
            node('ReduceSum', ['terms', 'axis'], ['sum']),
            node('Mul', ['sum', 'factors'], ['values']),
        ],
        [('features', F64, [None, 4])],
        [('values', F64, [None, 2])],
        {
            'instead': np.array(-1.0), 'w': np.array([1, 1e3, 1e6, 1e9]), 'axis': np.array([1]),
            'factors': np.array([1.0, factor]),
        },
    )


def fragile():
    """float32 [rows, 2] -> `y` [rows]: [1, 2, 3, 4][x0] / x1. An x0 outside of 0 to 3 fails the whole call; x1 = 0 is not finite."""
    save(
        'fragile',
        [
            node('Split', ['features'], ['first', 'second'], axis=1),
            node('Squeeze', ['first', 'axis'], ['place']),
            node('Cast', ['place'], ['index'], to=TensorProto.INT64),
            node('Gather', ['table', 'index'], ['taken']),
            node('Squeeze', ['second', 'axis'], ['divisor']),
            node('Div', ['taken', 'divisor'], ['y']),
        ],
        [('features', F32, [None, 2])],
        [('y', F32, [None])],
        {'axis': np.array([1]), 'table': np.array([1, 2, 3, 4], np.float32)},
    )


weighted('weighted', 2.0)
weighted('weighted_other', 3.0)
fragile()
