"""Trains models/late.onnx on what `prescore dataset late` wrote, and prints the figures of MODEL_CARD.md.

    pip install -r requirements.txt
    python train.py --data late.parquet

Writes models/late.onnx (with `--name`, another), and models/late.expected.json: rows with the probabilities that LightGBM
itself gives, never those of ONNX Runtime. Figures go to stdout as Markdown, progress to stderr. The same data gives the same bytes
on the same kind of machine.
"""
import argparse
import json
import pathlib
import re
import sys
import time

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pandas as pd
import pyarrow.parquet as pq
from onnxmltools.convert.common.data_types import FloatTensorType

MODELS = pathlib.Path(__file__).parent / 'models'
ZONE = 'America/New_York'
# Days, first and last, in this zone. The month before the first only fills the windows of 28 days.
SPLITS = {
    'train': ('2001-02-01', '2001-04-30'),
    'validation': ('2001-05-01', '2001-05-15'),
    'test': ('2001-05-16', '2001-06-30'),
}
ROUNDS = 150
PARAMETERS = {
    'objective': 'binary', 'learning_rate': 0.15, 'num_leaves': 31, 'max_depth': 6, 'min_data_in_leaf': 500,
    'feature_fraction': 0.5, 'lambda_l2': 1.0, 'seed': 7, 'deterministic': True, 'force_row_wise': True, 'num_threads': 2,
    # All rows: a feature that is missing in a handful of them must not pass for one that never is.
    'bin_construct_sample_cnt': 10_000_000, 'verbose': -1,
}
TOLERANCE = 1e-6
BOOTSTRAPS = 1000
EXPECTED_REAL, EXPECTED_MISSING, EXPECTED_EDGES = 100, 50, 50


def note(text):
    print(text, file=sys.stderr, flush=True)


# The training set

def read(files):
    """The rows of all files in one frame, ordered by as-of and key, with the feature names and their hash."""
    tables = [pq.read_table(file) for file in files]
    metadata = tables[0].schema.metadata
    for file, table in zip(files, tables):
        for key in (b'prescore.features', b'prescore.feature_hash', b'prescore.clock'):
            if table.schema.metadata[key] != metadata[key]:
                sys.exit(f'{file}: {key.decode()} is not that of {files[0]}; write the sets again with one project file')
    rows = pd.concat([table.to_pandas() for table in tables], ignore_index=True)
    rows = rows.sort_values(['as_of', 'key_origin', 'key_destination'], kind='stable', ignore_index=True)
    rows['day'] = rows.as_of.dt.tz_convert(ZONE).dt.strftime('%Y-%m-%d')
    return rows, json.loads(metadata[b'prescore.features']), metadata[b'prescore.feature_hash'].decode()


def split(rows):
    return {name: rows[(rows.day >= first) & (rows.day <= last)] for name, (first, last) in SPLITS.items()}


def inputs(rows, names):
    """Rounded to float32 as before the served model, so that training and serving meet the same values."""
    return rows[names].to_numpy(np.float64).astype(np.float32)


# The model

def train(parts, names):
    started = time.perf_counter()
    data = lightgbm.Dataset(inputs(parts['train'], names), parts['train'].label.to_numpy(), feature_name=names)
    validation = data.create_valid(inputs(parts['validation'], names), parts['validation'].label.to_numpy())
    model = lightgbm.train(PARAMETERS, data, ROUNDS, [validation], callbacks=[lightgbm.early_stopping(20, verbose=False)])
    note(f'trained {model.best_iteration} trees in {time.perf_counter() - started:.1f} s')
    return in_float32(model)


def in_float32(model):
    """The same model for float32 inputs, with nothing in it that a float32 tree cannot say.

    A double threshold becomes the greatest float32 not above it: `x <= t` is the same for every float32 x. A missing
    value that LightGBM reads as 0, where training had none, gets the direction that 0 takes.
    """
    lines = model.model_to_string(num_iteration=model.best_iteration).split('\n')
    lines = [line for line in lines if not line.startswith('tree_sizes=')]
    for i, line in enumerate(lines):
        if line.startswith('threshold='):
            thresholds = floored([float(text) for text in line.removeprefix('threshold=').split()])
            lines[i] = 'threshold=' + ' '.join(repr(float(t)) for t in thresholds)
            decisions = [int(text) for text in lines[i + 1].removeprefix('decision_type=').split()]
            lines[i + 1] = 'decision_type=' + ' '.join(str(directed(d, t)) for d, t in zip(decisions, thresholds))
    return lightgbm.Booster(model_str='\n'.join(lines))


def floored(thresholds):
    exact = np.array(thresholds, np.float64)
    nearest = exact.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    # LightGBM reads what is not further than this from 0 as 0: no such value may lie on the other side of a threshold than 0.
    zero = np.float32(1e-35)
    around_zero = np.where(exact < 0, np.nextafter(-zero, np.float32(-np.inf)), zero)
    return np.where(np.abs(nearest) <= zero, around_zero, np.where(nearest > exact, below, nearest))


def directed(decision, threshold):
    """LightGBM's bits: 2 is "missing goes left", 8 is "NaN is missing", neither 4 nor 8 is "NaN is 0"."""
    return decision if decision & 12 else 8 | (2 if threshold >= 0 else 0)


def thresholds_of(model, names):
    """(feature index, threshold) of every split."""
    splits = model.trees_to_dataframe().dropna(subset=['split_feature'])
    return [(names.index(name), np.float32(t)) for name, t in zip(splits.split_feature, splits.threshold)]


def export(model, file, names, feature_hash, rows):
    """The ONNX file: float32 `features` [rows, n] in, `label` and `probabilities` [rows, 2] out."""
    initial = [('features', FloatTensorType([None, len(names)]))]
    graph = onnxmltools.convert_lightgbm(model, name='late', initial_types=initial, zipmap=False, target_opset=15)
    # The converter declares one label, however many rows there are.
    next(output for output in graph.graph.output if output.name == 'label').type.tensor_type.shape.dim[0].dim_param = 'rows'
    onnx.helper.set_model_props(graph, {
        'features': json.dumps(names), 'feature_hash': feature_hash,
        'trained_on': f'{rows:,} flights that departed from {" to ".join(SPLITS["train"])} ({ZONE})'})
    onnx.checker.check_model(graph)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(graph.SerializeToString(deterministic=True))


# Does the export say what LightGBM says?

def served(file, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])
    blocks = [session.run(['probabilities'], {'features': x[i:i + 256]})[0] for i in range(0, len(x), 256)]
    return np.concatenate(blocks)[:, 1]


def with_missing(x, rng):
    """Rows with a third of their values missing, in every feature, also those that never were in training."""
    return np.where(rng.random(x.shape) < 1 / 3, np.float32(np.nan), x)


def on_edges(x, splits, rng):
    """Rows with one value on a threshold, or one step of float32 beside it."""
    x = x.copy()
    for row in x:
        feature, threshold = splits[rng.integers(len(splits))]
        row[feature] = np.nextafter(threshold, np.float32([-np.inf, threshold, np.inf][rng.integers(3)]))
    return x


def verify(model, file, cases):
    differences = {name: float(np.abs(served(file, x) - model.predict(x)).max()) for name, x in cases.items()}
    table(['rows', 'number', 'greatest difference'], [[name, f'{len(cases[name]):,}', f'{d:.1e}'] for name, d in differences.items()])
    if not max(differences.values()) <= TOLERANCE:
        sys.exit(f'ONNX Runtime differs from LightGBM by more than {TOLERANCE}')


def record(model, file, names, feature_hash, test, splits, rng):
    """The expected answers: real rows, real rows with something missing, and rows on thresholds; null is NaN."""
    evenly = lambda rows, count: rows[names].to_numpy(np.float64)[np.linspace(0, len(rows) - 1, count).astype(int)]
    edges = on_edges(evenly(test, EXPECTED_EDGES).astype(np.float32), splits, rng).astype(np.float64)
    rows = np.concatenate([evenly(test, EXPECTED_REAL), evenly(test[test[names].isna().any(axis=1)], EXPECTED_MISSING), edges])
    late = model.predict(rows.astype(np.float32))
    fields = {'framework': f'LightGBM {lightgbm.__version__}', 'features': names, 'feature_hash': feature_hash, 'output': 'probabilities'}
    fields['tolerance'] = TOLERANCE
    plain = [[None if np.isnan(value) else int(value) if value == int(value) else value for value in row] for row in rows.tolist()]
    block = lambda values: '[\n' + ',\n'.join(json.dumps(value) for value in values) + '\n]'
    head = ',\n'.join(f'{json.dumps(key)}: {json.dumps(value)}' for key, value in fields.items())
    text = f'{{\n{head},\n"rows": {block(plain)},\n"expected": {block([[1 - p, p] for p in late.tolist()])}\n}}\n'
    file.with_suffix('.expected.json').write_text(text)


# Baselines

def slot_history(parts, strength):
    """A function: the share late of rows' slots in training, drawn towards that of the route, and this to the global one.

    Each share counts as if `strength` more flights had been seen at the share above it.
    """
    train, route = parts['train'], ['key_origin', 'key_destination']
    routes = train.groupby(route).label.agg(['sum', 'count'])
    routes['share'] = (routes['sum'] + strength * train.label.mean()) / (routes['count'] + strength)
    slots = train.groupby([*route, 'key_hour']).label.agg(['sum', 'count']).join(routes.share, on=route)
    slots['slot_share'] = (slots['sum'] + strength * slots.share) / (slots['count'] + strength)

    def predict(rows):
        found = rows[[*route, 'key_hour']].join(slots.slot_share, on=[*route, 'key_hour']).join(routes.share, on=route)
        return found.slot_share.fillna(found.share).fillna(train.label.mean()).to_numpy()
    return predict


def best_slot_history(parts):
    """With the strength that does best on the validation days."""
    validation = parts['validation']
    losses = {s: log_losses(validation.label.to_numpy(), slot_history(parts, s)(validation)).mean() for s in (0.3, 1, 3, 10, 30)}
    strength = min(losses, key=losses.get)
    note('slot history: log loss on validation by strength: ' + ', '.join(f'{s}: {loss:.4f}' for s, loss in losses.items()))
    return slot_history(parts, strength), strength


# Figures

def log_losses(y, p):
    return -np.log(np.where(y, p, 1 - p))


def resampled_days(days):
    """How often each day counts: once each, then in each bootstrap. Flights of one day share its weather."""
    rng = np.random.default_rng(7)
    return np.concatenate([np.ones((1, days), int), rng.multinomial(days, np.full(days, 1 / days), BOOTSTRAPS)])


def day_means(values, day, weights):
    sums, counts = np.bincount(day, values), np.bincount(day)
    return weights @ sums / (weights @ counts)


def aucs(y, p, day, weights):
    order = np.argsort(p, kind='stable')
    starts = np.flatnonzero(np.r_[True, np.diff(p[order]) > 0])
    y, day = y[order], day[order]
    return np.array([auc(y, w[day], starts) for w in weights])


def auc(y, weight, starts):
    """Of sorted rows; those of equal scores (from one start to the next) count half."""
    late, others = np.add.reduceat(weight * y, starts), np.add.reduceat(weight * ~y, starts)
    below = np.cumsum(others) - others
    return (late * (below + others / 2)).sum() / (late.sum() * others.sum())


def measures(y, p, day, weights):
    return np.array([aucs(y, p, day, weights), day_means(log_losses(y, p), day, weights), day_means((p - y) ** 2, day, weights)])


def interval(values, form='.4f'):
    """The figure itself (the first value) and 95 % of its bootstraps."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return f'{values[0]:{form}} [{low:{form}}, {high:{form}}]'


def table(head, rows):
    for cells in [head, ['---'] * len(head), *rows]:
        print('| ' + ' | '.join(cells) + ' |')
    print()


def by_day(rows):
    """Labels, the number of each row's day, and how often each day counts."""
    days, day = np.unique(rows.day, return_inverse=True)
    return rows.label.to_numpy(), day, resampled_days(len(days))


def print_figures(part, predict):
    y, day, weights = by_day(part)
    predictions = {name: of(part) for name, of in predict.items()}
    measured = {name: measures(y, p, day, weights) for name, p in predictions.items()}
    model, *baselines = measured
    means = ', '.join(f'{name} {p.mean():.3f}' for name, p in predictions.items())
    print(f'{len(y):,} flights of {weights.shape[1]} days; share late {y.mean():.3f}; mean predicted: {means}\n')
    rows = [[name, *map(interval, values)] for name, values in measured.items()]
    rows += [[f'{model} − {name}', *(interval(v, '+.4f') for v in measured[model] - measured[name])] for name in baselines]
    table(['', 'AUC', 'log loss', 'Brier score'], rows)


def print_calibration(part, predict):
    (y, day, weights), p = by_day(part), predict(part)
    decile = np.minimum(np.argsort(np.argsort(p, kind='stable')) * 10 // len(p), 9)
    rows = []
    for d in range(10):
        of = decile == d
        sums, counts = (np.bincount(day[of], values, weights.shape[1]) for values in (y[of], np.ones(of.sum())))
        share = interval(weights @ sums / (weights @ counts), '.3f')
        rows.append([str(d + 1), f'{p[of].min():.3f}–{p[of].max():.3f}', f'{of.sum():,}', f'{p[of].mean():.3f}', share])
    table(['decile', 'predicted', 'flights', 'mean predicted', 'share late'], rows)


def print_months(parts, predict):
    rows = []
    for name, part in parts.items():
        for month, group in part.groupby(part.day.str[:7]):
            mean = '' if name == 'train' else f'{predict(group).mean():.3f}'
            rows.append([name, f'{group.day.min()} to {group.day.max()}', f'{len(group):,}', f'{group.label.mean():.3f}', mean])
    table(['part', 'days', 'flights', 'share late', 'mean predicted'], rows)


def print_gains(model):
    gains = pd.Series(model.feature_importance('gain'), model.feature_name()).sort_values(ascending=False)
    table(['feature', 'share of the gain'], [[f'`{name}`', f'{gain:.0%}'] for name, gain in (gains / gains.sum()).head(8).items()])


def print_card(model, parts, names, feature_hash, stored):
    constant, (slots, strength) = parts['train'].label.mean(), best_slot_history(parts)
    predict = {
        'model': lambda rows: model.predict(inputs(rows, names)),
        'slot history': slots,
        'constant': lambda rows: np.full(len(rows), constant),
    }
    print(f'{model.num_trees()} trees; feature hash `{feature_hash[:12]}`; smoothing of the slot history: {strength} flights\n')
    print_months(parts, predict['model'])
    print_figures(parts['test'], predict)
    print_calibration(parts['test'], predict['model'])
    print_gains(model)
    if stored is not None:
        print('Features as of an earlier time:')
        print_figures(split(stored)['test'], predict)


def check_export(model, file, test, names, feature_hash):
    rng, splits, x = np.random.default_rng(7), thresholds_of(model, names), inputs(test, names)
    verify(model, file, {
        'test': x,
        'a third of all values missing': with_missing(x[::10], rng),
        'a value on a threshold, or one step beside it': on_edges(x[::10], splits, rng),
    })
    record(model, file, names, feature_hash, test, splits, rng)


def read_stored(files, expected_hash):
    """The rows whose hour of departure is not before the hour of their as-of: the others would know their own label."""
    rows, _, feature_hash = read(files)
    if feature_hash != expected_hash:
        sys.exit(f'{files[0]}: its features are not those of the training set; write both with one set of feature definitions')
    return rows[rows.key_hour >= rows.as_of.dt.tz_convert(ZONE).dt.hour]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', nargs='+', required=True, metavar='FILE', help='what `prescore dataset late` wrote')
    parser.add_argument('--stored', nargs='+', metavar='FILE', help='a set with earlier as-of times of the same days, to be tested on too')
    parser.add_argument('--name', default='late', help='of the files in models/; late by default')
    arguments = parser.parse_args()
    rows, names, feature_hash = read(arguments.data)
    stored = None if arguments.stored is None else read_stored(arguments.stored, feature_hash)
    parts = split(rows)
    note(', '.join(f'{name}: {len(part):,} rows' for name, part in parts.items()))
    model = train(parts, names)
    file = MODELS / f'{arguments.name}.onnx'
    export(model, file, names, feature_hash, len(parts['train']))
    print_card(model, parts, names, feature_hash, stored)
    check_export(model, file, parts['test'], names, feature_hash)
    note(f'models/{file.name}: {file.stat().st_size:,} bytes')


if __name__ == '__main__':
    main()
