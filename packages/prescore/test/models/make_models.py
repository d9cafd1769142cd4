"""Makes the small models in fixtures/, and fixtures/expected.json with what the training frameworks answer.

    python3.11 -m venv venv
    venv/bin/pip install lightgbm==4.7.0 scikit-learn==1.9.1 skl2onnx==1.20.0 onnxmltools==1.16.0 onnx==1.23.2 numpy==2.4.6
    venv/bin/python make_models.py && npx biome format --write fixtures/expected.json

Expected values come from the framework that trained the model (never from ONNX Runtime), or, for graphs written
by hand, from numpy. In the JSON, null stands for NaN.
"""
import json
import pathlib

import lightgbm
import numpy as np
import onnx
import onnxmltools
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common import data_types as onnxmltools_types
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

FIXTURES = pathlib.Path(__file__).parent / 'fixtures'
FEATURES = ['hour', 'distance', 'flights_7d', 'delay_mean_7d', 'share_late_7d']
WIDTH = len(FEATURES)
TRAINING_ROWS, EXPECTED_ROWS = 600, 12
OPSET = {'': 17, 'ai.onnx.ml': 3}
expected = {}


def training_data():
    """Rows like those of flights, exact in float32; the last column is missing in one row of ten."""
    rng = np.random.default_rng(7)
    x = np.column_stack([
        rng.integers(0, 24, TRAINING_ROWS), rng.integers(100, 2500, TRAINING_ROWS), rng.poisson(20, TRAINING_ROWS),
        rng.normal(8, 12, TRAINING_ROWS), rng.beta(2, 6, TRAINING_ROWS)]).astype(np.float32).astype(np.float64)
    score = 0.1 * (x[:, 0] - 12) + 0.05 * (x[:, 3] - 8) + 4 * (x[:, 4] - 0.25) + rng.normal(0, 0.3, TRAINING_ROWS)
    missing = x.copy()
    missing[rng.random(TRAINING_ROWS) < 0.1, 4] = np.nan
    return x, missing, score


def save(name, model, check=True):
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, FIXTURES / f'{name}.onnx')


def record(name, framework, output, rows, values, tolerance, features=FEATURES, whole=()):
    plain = lambda array: [[None if np.isnan(v) else float(v) for v in row] for row in np.asarray(array, np.float64)]
    values = np.asarray(values)
    expected[name] = {
        'framework': framework, 'features': features, 'whole': list(whole), 'output': output, 'tolerance': tolerance,
        'rows': plain(rows), 'expected': plain(values.reshape(len(rows), -1))}


def graph(nodes, inputs, outputs, weights=None, ir_version=9, listed=()):
    """A graph written by hand: inputs and outputs as (name, type, shape)."""
    infos = lambda specs: [helper.make_tensor_value_info(*spec) for spec in specs]
    tensors = [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()]
    body = helper.make_graph(nodes, 'g', infos(inputs) + infos(listed), infos(outputs), tensors)
    return helper.make_model(body, opset_imports=[helper.make_opsetid('', 17)], ir_version=ir_version)


def lightgbm_to_onnx(model, width, metadata, zipmap=False):
    """A LightGBM classifier as ONNX: float32 input `features`, output `probabilities` [rows, classes] unless ZipMap is on."""
    converted = onnxmltools.convert_lightgbm(
        model, initial_types=[('features', onnxmltools_types.FloatTensorType([None, width]))], zipmap=zipmap, target_opset=15)
    helper.set_model_props(converted, metadata)
    return converted


def trained_models():
    x, missing, score = training_data()
    rows = x[:EXPECTED_ROWS]
    late, classes = (score > 0).astype(int), np.digitize(score, [-0.7, 0.7])
    float_input, plain = [('features', FloatTensorType([None, WIDTH]))], {'zipmap': False}

    linear = LinearRegression().fit(x, score)
    save('linear', to_onnx(linear, initial_types=float_input, target_opset=OPSET))
    record('linear', 'scikit-learn LinearRegression', 'variable', rows, linear.predict(rows), 1e-5)
    save('double', to_onnx(linear, initial_types=[('features', DoubleTensorType([None, WIDTH]))], target_opset=OPSET))
    record('double', 'scikit-learn LinearRegression', 'variable', rows, linear.predict(rows), 1e-13)

    trees = lightgbm.LGBMClassifier(n_estimators=20, num_leaves=12, min_child_samples=10, random_state=7, verbose=-1)
    trees.fit(missing, late)
    metadata = {'features': json.dumps(FEATURES), 'feature_hash': 'a' * 64}
    save('lightgbm', lightgbm_to_onnx(trees, WIDTH, metadata))
    gaps = rows.copy()
    gaps[::3, 4] = np.nan
    gaps[1::4, 3] = np.nan
    record('lightgbm', 'LightGBM LGBMClassifier', 'probabilities', gaps, trees.predict_proba(gaps), 1e-6)
    few = lightgbm.LGBMClassifier(n_estimators=3, num_leaves=4, random_state=7, verbose=-1).fit(missing, late)
    save('zipmap', lightgbm_to_onnx(few, WIDTH, {}, zipmap=True))

    three = LogisticRegression(max_iter=5000).fit(x, classes)
    save('classes', to_onnx(three, initial_types=float_input, options=plain, target_opset=OPSET))
    record('classes', 'scikit-learn LogisticRegression, 3 classes', 'probabilities', rows, three.predict_proba(rows), 1e-5)
    scaled = x / 100
    network = MLPClassifier(hidden_layer_sizes=(7, 5), activation='tanh', max_iter=300, random_state=7).fit(scaled, classes)
    save('network', to_onnx(network, initial_types=float_input, options=plain, target_opset=OPSET))
    small = scaled[:EXPECTED_ROWS]
    record('network', 'scikit-learn MLPClassifier', 'probabilities', small, network.predict_proba(small), 1e-5)

    names = FEATURES[:3]
    columns = make_pipeline(ColumnTransformer([('all', 'passthrough', [0, 1, 2])]), LinearRegression()).fit(x[:, :3], score)
    types = [('hour', Int64TensorType([None, 1])), ('distance', FloatTensorType([None, 1])), ('flights_7d', FloatTensorType([None, 1]))]
    save('columns', to_onnx(columns, initial_types=types, target_opset=OPSET))
    record('columns', 'scikit-learn LinearRegression', 'variable', rows[:, :3], columns.predict(rows[:, :3]), 1e-5, names, whole=['hour'])

    texts = np.array([['JFK'], ['LAX'], ['ORD']] * 200, object)
    text = make_pipeline(OneHotEncoder(), LinearRegression()).fit(texts, score)
    save('text', to_onnx(text, initial_types=[('origin', StringTensorType([None, 1]))], target_opset=OPSET))


def handmade_models():
    node, f32, f64, f16 = helper.make_node, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16
    rows = training_data()[0][:EXPECTED_ROWS] / 100
    features, result = ('features', f32, [None, WIDTH]), ('y', f32, [None, 1])
    weights = np.array([[0.5], [-1.25], [2], [0.1], [3]], np.float32)

    same = node('Identity', ['features'], ['y'])
    save('float16', graph([same], [('features', f16, [None, WIDTH])], [('y', f16, [None, WIDTH])]))
    row_mean = node('ReduceMean', ['features'], ['y'], axes=[1], keepdims=0)
    save('row_mean', graph([row_mean], [features], [('y', f32, [None])]))
    record('row_mean', 'numpy mean', 'y', rows, rows.mean(axis=1), 1e-6)
    batch_mean = node('ReduceMean', ['features'], ['y'], axes=[0], keepdims=0)
    save('batch_mean', graph([batch_mean], [features], [('y', f32, None)]), check=False)

    multiply = node('MatMul', ['features', 'w'], ['y'])
    product = lambda inputs, output, **options: graph([multiply], [inputs], [output], {'w': weights}, **options)
    products = {
        'fixed_rows': product(('features', f32, [3, WIDTH]), ('y', f32, [3, 1])),
        'listed_weights': product(features, result, ir_version=3, listed=[('w', f32, [WIDTH, 1])]),
        'open_width': product(('features', f32, None), ('y', f32, None)),
        'wrong_shape': product(features, ('y', f32, [1, 1])),
    }
    for name, model in products.items():
        save(name, model, check=False)
        record(name, 'numpy matmul', 'y', rows, rows @ weights.astype(np.float64), 1e-5)
    outside = product(features, result)
    onnx.external_data_helper.set_external_data(outside.graph.initializer[0], 'weights.bin')
    outside.graph.initializer[0].ClearField('raw_data')
    save('weights_outside', outside, check=False)

    pair = FEATURES[:2]
    columns = [(name, f64, [None]) for name in pair]
    outputs = [('y', f64, [None]), ('z', f64, [None])]
    save('double_columns', graph([node('Mul', pair, ['y']), node('Sub', pair, ['z'])], columns, outputs))
    record('double_columns', 'numpy multiply', 'y', rows[:, :2], rows[:, 0] * rows[:, 1], 0, pair)


def awkward_models():
    """For serving: one fails for some rows, one takes as long as a row says. Neither is recorded."""
    node, f32, i64, boolean = helper.make_node, TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    number = lambda value, kind: np.array(value, kind)
    pair, result = ('features', f32, [None, 2]), ('y', f32, [None, 1])
    first = [node('Slice', ['features', 'zero', 'one', 'one'], ['first']), node('Slice', ['features', 'one', 'two', 'one'], ['second'])]
    bounds = {'zero': number([0], np.int64), 'one': number([1], np.int64), 'two': number([2], np.int64)}

    # y = second + table[first]: a row whose first feature is no index of the table fails, and its batch with it.
    table = {'table': number([10, 20, 30], np.float32)}
    look = [node('Cast', ['first'], ['index'], to=i64), node('Gather', ['table', 'index'], ['found']), node('Add', ['found', 'second'], ['y'])]
    save('lookup', graph(first + look, [pair], [result], {**bounds, **table}))

    # y = second; a loop of 100 rounds (about 25 µs each) and as many more as the first feature says.
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [node('Identity', ['go'], ['going']), node('Sin', ['state'], ['next'])], 'round',
        [info('i', i64, []), info('go', boolean, []), info('state', f32, [20_000])],
        [info('going', boolean, []), info('next', f32, [20_000])])
    loop = [
        node('ReduceMax', ['first'], ['most'], keepdims=0), node('Add', ['most', 'hundred'], ['sum']), node('Cast', ['sum'], ['rounds'], to=i64),
        node('Loop', ['rounds', 'yes', 'start'], ['end'], body=body), node('ReduceMax', ['end'], ['top'], keepdims=0),
        node('Mul', ['top', 'nothing'], ['none']), node('Add', ['second', 'none'], ['y'])]
    start = node('ConstantOfShape', ['length'], ['start'], value=helper.make_tensor('value', f32, [1], [0.5]))
    weights = {'yes': number(True, bool), 'length': number([20_000], np.int64), 'nothing': number(0, np.float32), 'hundred': number(100, np.float32)}
    save('slow', graph(first + [start] + loop, [pair], [result], {**bounds, **weights}))


trained_models()
handmade_models()
awkward_models()
lines = [f'{json.dumps(name)}: {json.dumps(case)}' for name, case in expected.items()]
(FIXTURES / 'expected.json').write_text('{\n' + ',\n'.join(lines) + '\n}\n')
