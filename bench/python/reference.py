"""The same work in Python, as the bench's limit: polars for features as of each flight, ONNX Runtime for the model.

    python reference.py model MODEL                                makes a model of 100 trees over the features
    python reference.py features FLIGHTS FROM                      features of the flights from a local date on
    python reference.py backtest FLIGHTS FROM MODEL OUT            the same, the model's values, and all of it as Parquet
    python reference.py scoring ROWS MODEL OUT                     the model's values of rows that have its features, as Parquet

The last three do it once for each line on stdin, and answer with the seconds that it took. Threads are POLARS_MAX_THREADS.
"""
import datetime
import os
import sys
import time

import numpy as np

WINDOWS = {'1d': 1, '7d': 7, '30d': 30}
ENTITIES = {'airport': ['origin'], 'route': ['origin', 'destination']}
TREES, DEPTH = 100, 6


def feature_names():
    return [f'{entity}_{kind}{window}' for entity in ENTITIES for kind in ('count', 'mean', 'std', 'max', 'late') for window in WINDOWS]


def model_inputs():
    return feature_names() + ['hour', 'weekday', 'distance']


def features(flights, start):
    import polars as pl

    first = datetime.datetime.fromisoformat(start)
    rows = (
        pl.scan_parquet(flights)
        .filter(pl.col('date') >= first - datetime.timedelta(days=max(WINDOWS.values())))
        .select('date', 'delay', 'distance', 'origin', 'destination')
        .collect()
        .set_sorted('date')
        .with_columns(one=pl.lit(1.0), value=pl.col('delay').cast(pl.Float64), late=(pl.col('delay') > 15).cast(pl.Float64))
    )
    columns = []
    for entity, keys in ENTITIES.items():
        for kind, make in {
            'count': lambda w: pl.col('one').rolling_sum_by('date', w, closed='left'),
            'mean': lambda w: pl.col('value').rolling_mean_by('date', w, closed='left'),
            'std': lambda w: pl.col('value').rolling_std_by('date', w, closed='left'),
            'max': lambda w: pl.col('value').rolling_max_by('date', w, closed='left'),
            'late': lambda w: pl.col('late').rolling_mean_by('date', w, closed='left'),
        }.items():
            columns += [make(window).over(keys).alias(f'{entity}_{kind}{window}') for window in WINDOWS]
    return rows.with_columns(columns).filter(pl.col('date') >= first)


def matrix_of(rows, names, kind):
    return rows.select(names).to_numpy().astype(kind)


def backtest(flights, start, session, out):
    import polars as pl

    rows = features(flights, start).with_columns(
        hour=pl.col('date').dt.hour(), weekday=pl.col('date').dt.weekday(), label=pl.col('delay') > 15
    )
    matrix = matrix_of(rows, model_inputs(), np.float32)
    values = np.concatenate([session.run(['y'], {'x': matrix[i : i + 4096]})[0] for i in range(0, len(matrix), 4096)])
    names = ['origin', 'destination', 'date', *model_inputs(), 'label']
    rows.select(names).with_columns(value=pl.Series(values[:, 0])).write_parquet(out, compression='zstd')


def scoring(rows, session, out):
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([('key', pa.int64()), ('value', pa.float32())])
    with pq.ParquetWriter(out, schema, compression='zstd') as writer:
        for batch in pq.ParquetFile(rows).iter_batches(65536):
            matrix = np.column_stack([column.to_numpy() for column in batch.columns[1:]]).astype(np.float32)
            values = np.concatenate([session.run(None, {'features': matrix[i : i + 4096]})[0] for i in range(0, len(matrix), 4096)])
            writer.write_table(pa.table([batch.column(0), values[:, 0]], schema))


def make_model(path):
    import onnx
    from onnx import TensorProto, helper

    random = np.random.default_rng(7)
    names = model_inputs()
    scale = [{'count': 400, 'mean': 30, 'std': 40, 'max': 200, 'late': 0.5}.get(next((k for k in ('count', 'mean', 'std', 'max', 'late') if k in n), ''), 20) for n in names]
    nodes = {key: [] for key in ('treeids', 'nodeids', 'featureids', 'values', 'modes', 'truenodeids', 'falsenodeids')}
    targets = {key: [] for key in ('treeids', 'nodeids', 'ids', 'weights')}
    inner = 2 ** DEPTH - 1
    for tree in range(TREES):
        for node in range(2 ** (DEPTH + 1) - 1):
            is_leaf = node >= inner
            feature = int(random.integers(len(names)))
            nodes['treeids'].append(tree)
            nodes['nodeids'].append(node)
            nodes['featureids'].append(0 if is_leaf else feature)
            nodes['values'].append(0.0 if is_leaf else float(random.uniform(0, scale[feature])))
            nodes['modes'].append('LEAF' if is_leaf else 'BRANCH_LEQ')
            nodes['truenodeids'].append(0 if is_leaf else 2 * node + 1)
            nodes['falsenodeids'].append(0 if is_leaf else 2 * node + 2)
            if is_leaf:
                targets['treeids'].append(tree)
                targets['nodeids'].append(node)
                targets['ids'].append(0)
                targets['weights'].append(float(random.normal(0, 0.1)))
    attributes = {f'nodes_{key}': value for key, value in nodes.items()} | {f'target_{key}': value for key, value in targets.items()}
    trees = helper.make_node('TreeEnsembleRegressor', ['x'], ['y'], domain='ai.onnx.ml', n_targets=1, post_transform='LOGISTIC', **attributes)
    x = helper.make_tensor_value_info('x', TensorProto.FLOAT, [None, len(names)])
    y = helper.make_tensor_value_info('y', TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([trees], 'trees', [x], [y])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17), helper.make_opsetid('ai.onnx.ml', 3)], ir_version=8)
    onnx.save(made, path)


def main(kind, *args):
    if kind == 'model':
        return make_model(*args)
    if kind in ('backtest', 'scoring'):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ['POLARS_MAX_THREADS'])
        session = onnxruntime.InferenceSession(args[-2], options)
    for _ in sys.stdin:
        started = time.perf_counter()
        if kind == 'features':
            count = len(features(*args).select(feature_names()))
        elif kind == 'scoring':
            scoring(args[0], session, args[2])
            count = 0
        else:
            backtest(args[0], args[1], session, args[3])
            count = 0
        seconds = time.perf_counter() - started
        print(f'{seconds} {time.process_time()} {count}', flush=True)


main(*sys.argv[1:])
