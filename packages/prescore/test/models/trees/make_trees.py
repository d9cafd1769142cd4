"""Makes the tree models in this folder, and expected.json with what the training frameworks answer.

    python3.11 -m venv venv
    venv/bin/pip install lightgbm==4.7.0 xgboost==3.2.0 scikit-learn==1.9.1 skl2onnx==1.20.0 onnxmltools==1.16.0 onnx==1.23.2 numpy==2.4.6
    venv/bin/python make_trees.py && npx biome format --write expected.json

Every kind of ensemble that the converters make: LightGBM, XGBoost, scikit-learn's forests and boosting; binary,
several classes and regression; probabilities and raw scores; float and double. Some written by hand hold what no
converter makes but the format allows. Expected values come from the framework, in rows with missing values where the
converter keeps their direction; a tolerance of null says that the converter is known to lose something there.
"""
import json
import pathlib
import warnings

import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnx import TensorProto, helper
from onnxmltools.convert.common import data_types as onnxmltools_types
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common._container import ModelComponentContainer
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes, calculate_linear_regressor_output_shapes
from sklearn import ensemble, tree

warnings.filterwarnings('ignore')
FOLDER = pathlib.Path(__file__).parent
FEATURES = ['hour', 'distance', 'flights', 'mean', 'share', 'carrier']
WIDTH = len(FEATURES)
TRAINING_ROWS, EXPECTED_ROWS = 800, 24
OPSET = {'': 17, 'ai.onnx.ml': 3}
expected = {}

for kind, names in [(lightgbm, ['LGBMClassifier', 'LGBMRegressor']), (xgboost, ['XGBClassifier', 'XGBRegressor'])]:
    for name in names:
        classifier = name.endswith('Classifier')
        options = {'options': {'nocl': [True, False], 'zipmap': [True, False, 'columns'], 'raw_scores': [True, False]}} if classifier else {}
        update_registered_converter(
            getattr(kind, name), name, calculate_linear_classifier_output_shapes if classifier else calculate_linear_regressor_output_shapes,
            convert_lightgbm if kind is lightgbm else convert_xgboost, **options)

# skl2onnx 1.20 gives numpy's whole numbers and booleans to onnx 1.23, which takes only Python's integers.
add_node = ModelComponentContainer.add_node
plain_whole = lambda value: [int(v) if isinstance(v, (np.integer, np.bool_, bool)) else v for v in value] if isinstance(value, list) else value
ModelComponentContainer.add_node = lambda self, *args, **attributes: add_node(self, *args, **{k: plain_whole(v) for k, v in attributes.items()})


def data():
    rng = np.random.default_rng(11)
    x = np.column_stack([
        rng.integers(0, 24, TRAINING_ROWS), rng.integers(100, 2500, TRAINING_ROWS), rng.poisson(20, TRAINING_ROWS),
        rng.normal(8, 12, TRAINING_ROWS), rng.beta(2, 6, TRAINING_ROWS), rng.integers(0, 9, TRAINING_ROWS)])
    x = x.astype(np.float32).astype(np.float64)
    score = 0.1 * (x[:, 0] - 12) + 0.05 * (x[:, 3] - 8) + 4 * (x[:, 4] - 0.25) + 0.3 * (x[:, 5] % 3 - 1) + rng.normal(0, 0.3, TRAINING_ROWS)
    missing = x.copy()
    missing[rng.random((TRAINING_ROWS, WIDTH)) < 0.08] = np.nan
    missing[:, 5] = x[:, 5]
    return x, missing, score


X, GAPS, SCORE = data()
LATE, CLASSES = (SCORE > 0).astype(int), np.digitize(SCORE, [-0.7, 0.0, 0.7])
ROWS, GAP_ROWS = X[:EXPECTED_ROWS], GAPS[:EXPECTED_ROWS]


def save(name, model, rows=None, values=None, tolerance=1e-6, output='', framework=''):
    # Converters call the outputs of double models double; tree operators give float, whatever they take.
    operators = {out: node.op_type for node in model.graph.node for out in node.output}
    for shown in model.graph.output:
        if shown.type.tensor_type.elem_type == TensorProto.DOUBLE and operators[shown.name] != 'Cast':
            shown.type.tensor_type.elem_type = TensorProto.FLOAT
    onnx.save(model, FOLDER / f'{name}.onnx')
    plain = lambda array: [[None if np.isnan(v) else float(v) for v in row] for row in np.asarray(array, np.float64)]
    case = {'framework': framework, 'output': output, 'tolerance': tolerance}
    if rows is not None:
        case.update(rows=plain(rows), expected=plain(np.asarray(values).reshape(len(rows), -1)))
    expected[name] = case


def raw(model):
    """The same trees without the transform behind them: the converters' own option for it is ignored for LightGBM."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == 'post_transform':
                attribute.s = b'NONE'
    return model


def inputs(double=False):
    return [('features', (DoubleTensorType if double else FloatTensorType)([None, WIDTH]))]


def convert(model, double=False, **options):
    options = {id(model): {'zipmap': False, **options}} if hasattr(model, 'predict_proba') else {}
    return to_onnx(model, initial_types=inputs(double), options=options, target_opset=OPSET)


def lightgbm_models():
    small = dict(n_estimators=18, num_leaves=12, min_child_samples=10, random_state=7, verbose=-1, n_jobs=1)
    binary = lightgbm.LGBMClassifier(**small).fit(GAPS, LATE)
    types = [('features', onnxmltools_types.FloatTensorType([None, WIDTH]))]
    save('lightgbm_binary', onnxmltools.convert_lightgbm(binary, initial_types=types, zipmap=False, target_opset=15),
         GAP_ROWS, binary.predict_proba(GAP_ROWS), output='probabilities', framework='LightGBM')
    scores = binary.predict(GAP_ROWS, raw_score=True)
    save('lightgbm_binary_raw', raw(convert(binary)), GAP_ROWS, np.column_stack([-scores, scores]), output='probabilities', framework='LightGBM')
    save('lightgbm_binary_double', convert(binary, double=True), GAP_ROWS, binary.predict_proba(GAP_ROWS), output='probabilities', framework='LightGBM')
    several = lightgbm.LGBMClassifier(**{**small, 'n_estimators': 8}).fit(GAPS, CLASSES)
    save('lightgbm_classes', convert(several), GAP_ROWS, several.predict_proba(GAP_ROWS), output='probabilities', framework='LightGBM')
    raws = several.predict(GAP_ROWS, raw_score=True)
    save('lightgbm_classes_raw', raw(convert(several)), GAP_ROWS, raws, output='probabilities', framework='LightGBM')
    regression = lightgbm.LGBMRegressor(**small).fit(GAPS, SCORE)
    save('lightgbm_regression', convert(regression), GAP_ROWS, regression.predict(GAP_ROWS), output='variable', framework='LightGBM')
    save('lightgbm_regression_double', convert(regression, double=True), GAP_ROWS, regression.predict(GAP_ROWS), output='variable', framework='LightGBM')
    categorical = lightgbm.LGBMClassifier(**small).fit(GAPS, LATE, categorical_feature=[5])
    save('lightgbm_categorical', convert(categorical), GAP_ROWS, categorical.predict_proba(GAP_ROWS), output='probabilities', framework='LightGBM')
    forest = lightgbm.LGBMClassifier(**small, boosting_type='rf', subsample=0.7, subsample_freq=1).fit(GAPS, LATE)
    save('lightgbm_forest', convert(forest), GAP_ROWS, forest.predict_proba(GAP_ROWS), None, 'probabilities', 'LightGBM')
    counts = lightgbm.LGBMRegressor(**small, objective='poisson').fit(GAPS, np.exp(SCORE))
    save('lightgbm_poisson', convert(counts), GAP_ROWS, counts.predict(GAP_ROWS), 1e-5, 'variable', 'LightGBM')


def xgboost_models():
    small = dict(n_estimators=18, max_depth=4, random_state=7, n_jobs=1)
    binary = xgboost.XGBClassifier(**small).fit(GAPS, LATE)
    save('xgboost_binary', convert(binary), GAP_ROWS, binary.predict_proba(GAP_ROWS), output='probabilities', framework='XGBoost')
    several = xgboost.XGBClassifier(**{**small, 'n_estimators': 8}).fit(GAPS, CLASSES)
    save('xgboost_classes', convert(several), GAP_ROWS, several.predict_proba(GAP_ROWS), output='probabilities', framework='XGBoost')
    regression = xgboost.XGBRegressor(**small).fit(GAPS, SCORE)
    save('xgboost_regression', convert(regression), GAP_ROWS, regression.predict(GAP_ROWS), output='variable', framework='XGBoost')
    save('xgboost_regression_double', convert(regression, double=True), GAP_ROWS, regression.predict(GAP_ROWS), output='variable', framework='XGBoost')
    share = xgboost.XGBRegressor(**small, objective='reg:logistic').fit(GAPS, 1 / (1 + np.exp(-SCORE)))
    save('xgboost_share', convert(share), GAP_ROWS, share.predict(GAP_ROWS), None, 'variable', 'XGBoost')


def scikit_models():
    small, boosted = dict(n_estimators=10, max_depth=5, random_state=7), dict(n_estimators=18, max_depth=3, random_state=7)
    probabilities = lambda name, model, rows, double=False, tolerance=1e-6: save(
        name, convert(model, double=double), rows, model.predict_proba(rows), tolerance, 'probabilities', 'scikit-learn')
    variable = lambda name, model, rows, double=False, tolerance=1e-6: save(
        name, convert(model, double=double), rows, model.predict(rows), tolerance, 'variable', 'scikit-learn')

    binary = ensemble.RandomForestClassifier(**small).fit(X, LATE)
    probabilities('forest_binary', binary, ROWS)
    probabilities('forest_binary_double', binary, ROWS, double=True)
    gaps = ensemble.RandomForestClassifier(**small).fit(GAPS, LATE)
    probabilities('forest_gaps', gaps, GAP_ROWS, tolerance=None)
    probabilities('forest_classes', ensemble.RandomForestClassifier(**small).fit(X, CLASSES), ROWS)
    probabilities('extra_classes', ensemble.ExtraTreesClassifier(**small).fit(X, CLASSES), ROWS)
    variable('forest_regression', ensemble.RandomForestRegressor(**small).fit(X, SCORE), ROWS)
    variable('forest_regression_double', ensemble.RandomForestRegressor(**small).fit(X, SCORE), ROWS, double=True)
    two = ensemble.RandomForestRegressor(**small).fit(X, np.column_stack([SCORE, SCORE ** 2]))
    variable('forest_two', two, ROWS)
    probabilities('tree_classes', tree.DecisionTreeClassifier(max_depth=5, random_state=7).fit(X, CLASSES), ROWS)
    variable('tree_regression', tree.DecisionTreeRegressor(max_depth=5, random_state=7).fit(X, SCORE), ROWS)

    binary = ensemble.GradientBoostingClassifier(**boosted).fit(X, LATE)
    probabilities('gradient_binary', binary, ROWS)
    scores = binary.decision_function(ROWS)
    save('gradient_binary_raw', convert(binary, raw_scores=True), ROWS, np.column_stack([-scores, scores]), output='probabilities', framework='scikit-learn')
    probabilities('gradient_classes', ensemble.GradientBoostingClassifier(**boosted).fit(X, CLASSES), ROWS)
    variable('gradient_regression', ensemble.GradientBoostingRegressor(**boosted).fit(X, SCORE), ROWS)
    variable('gradient_regression_double', ensemble.GradientBoostingRegressor(**boosted).fit(X, SCORE), ROWS, double=True)

    hist = dict(max_iter=18, max_leaf_nodes=12, random_state=7)
    probabilities('histogram_binary', ensemble.HistGradientBoostingClassifier(**hist).fit(GAPS, LATE), GAP_ROWS)
    probabilities('histogram_classes', ensemble.HistGradientBoostingClassifier(**{**hist, 'max_iter': 8}).fit(GAPS, CLASSES), GAP_ROWS)
    variable('histogram_regression', ensemble.HistGradientBoostingRegressor(**hist).fit(GAPS, SCORE), GAP_ROWS)
    variable('histogram_regression_double', ensemble.HistGradientBoostingRegressor(**hist).fit(GAPS, SCORE), GAP_ROWS, double=True)


def random_tree(rng, number, depth, modes, missing):
    """Nodes of one tree as rows (tree, node, feature, mode, value, true, false, missing), and its leaves."""
    nodes, leaves = [], []

    def grow(level):
        node = len(nodes)
        nodes.append(None)
        if level == depth or (level > 1 and rng.random() < 0.2):
            nodes[node] = (number, node, 0, 'LEAF', 0.0, 0, 0, 0)
            leaves.append((number, node))
            return node
        feature = int(rng.integers(WIDTH))
        value = float(np.float32(rng.choice(X[:, feature])))
        true = grow(level + 1)
        false = grow(level + 1)
        nodes[node] = (number, node, feature, str(rng.choice(modes)), value, true, false, int(missing and rng.random() < 0.5))
        return node

    grow(0)
    return nodes, leaves


def written_model(seed, kind, targets, modes, missing=True, labels=0, all_positive=False, class_ids=None, **attributes):
    rng = np.random.default_rng(seed)
    trees = [random_tree(rng, number, 4, modes, missing) for number in range(12)]
    columns = list(zip(*[node for nodes, _ in trees for node in nodes]))
    leaves = [leaf for _, found in trees for leaf in found]
    ids = class_ids or list(range(targets))
    weights = [(*leaf, target, float(np.float32(abs(w) if all_positive else w)))
               for leaf in leaves for target, w in zip(ids, rng.normal(0, 0.4, len(ids)))]
    rng.shuffle(weights)
    prefix, short = ('class', {'classlabels_int64s': list(range(labels))}) if labels else ('target', {'n_targets': targets})
    names = ['nodes_treeids', 'nodes_nodeids', 'nodes_featureids', 'nodes_modes', 'nodes_values', 'nodes_truenodeids',
             'nodes_falsenodeids', 'nodes_missing_value_tracks_true']
    given = {name: list(column) for name, column in zip(names, columns)}
    given.update(short)
    for name, at in [('treeids', 0), ('nodeids', 1), ('ids', 2), ('weights', 3)]:
        given[f'{prefix}_{name}'] = [float(w[at]) if at == 3 else int(w[at]) for w in weights]
    if not missing:
        del given['nodes_missing_value_tracks_true']
    outputs = ['label', 'scores'] if labels else ['scores']
    node = helper.make_node(kind, ['features'], outputs, domain='ai.onnx.ml', **given, **attributes)
    info = helper.make_tensor_value_info
    shown = [info('scores', TensorProto.FLOAT, [None, labels or targets])]
    if labels:
        shown.insert(0, info('label', TensorProto.INT64, [None]))
    graph = helper.make_graph([node], 'g', [info('features', TensorProto.FLOAT, [None, WIDTH])], shown)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17), helper.make_opsetid('ai.onnx.ml', 3)], ir_version=9)


def written_models():
    every = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']
    regressor, classifier = 'TreeEnsembleRegressor', 'TreeEnsembleClassifier'
    written = {
        'every_mode': written_model(1, regressor, 1, every, base_values=[0.25]),
        'every_mode_no_missing': written_model(2, regressor, 3, every, missing=False),
        'average': written_model(3, regressor, 2, ['BRANCH_LT'], aggregate_function='AVERAGE', base_values=[0.5, -0.5]),
        'average_one': written_model(4, regressor, 1, ['BRANCH_GTE'], aggregate_function='AVERAGE'),
        'softmax_regressor': written_model(5, regressor, 3, ['BRANCH_GT'], post_transform='SOFTMAX'),
        'softmax_zero': written_model(6, classifier, 3, ['BRANCH_LEQ'], labels=3, post_transform='SOFTMAX_ZERO'),
        'softmax_classes': written_model(7, classifier, 3, ['BRANCH_LEQ'], labels=3, post_transform='SOFTMAX', base_values=[0.1, 0.2, 0.3]),
        'logistic_classes': written_model(8, classifier, 3, ['BRANCH_LT'], labels=3, post_transform='LOGISTIC'),
        'some_classes': written_model(9, classifier, 3, ['BRANCH_LEQ'], labels=4, class_ids=[0, 3], post_transform='SOFTMAX'),
        'binary_positive': written_model(10, classifier, 1, ['BRANCH_LEQ'], labels=2, class_ids=[0], all_positive=True),
        'binary_mixed': written_model(11, classifier, 1, ['BRANCH_LEQ'], labels=2, class_ids=[0]),
        'binary_logistic': written_model(12, classifier, 1, ['BRANCH_LEQ'], labels=2, class_ids=[0], post_transform='LOGISTIC', base_values=[0.3]),
        'binary_second': written_model(13, classifier, 1, ['BRANCH_LEQ'], labels=2, class_ids=[1], post_transform='LOGISTIC'),
        'binary_two_bases': written_model(14, classifier, 1, ['BRANCH_LEQ'], labels=2, class_ids=[1], base_values=[0.3, 0.4]),
        'binary_both': written_model(15, classifier, 2, ['BRANCH_LEQ'], labels=2, post_transform='SOFTMAX'),
        'logistic_regressor': written_model(16, regressor, 1, ['BRANCH_LEQ'], post_transform='LOGISTIC'),
        'probit': written_model(17, regressor, 1, ['BRANCH_LEQ'], post_transform='PROBIT'),
        'minimum': written_model(18, regressor, 1, ['BRANCH_LEQ'], aggregate_function='MIN'),
    }
    for name, model in written.items():
        save(name, model, output='scores', framework='by hand')


lightgbm_models()
xgboost_models()
scikit_models()
written_models()
lines = [f'{json.dumps(name)}: {json.dumps(case)}' for name, case in expected.items()]
(FOLDER / 'expected.json').write_text('{\n' + ',\n'.join(lines) + '\n}\n')
