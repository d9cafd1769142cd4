"""Trains models/demand.onnx on what `prescore dataset demand` wrote, and prints the figures of MODEL_CARD.md.

    pip install -r requirements.txt
    python train.py --data data/demand.parquet

Writes models/demand.onnx, and models/demand.expected.json: rows with the units that LightGBM itself gives, never those of
ONNX Runtime. Figures go to stdout as Markdown, progress to stderr. The same data gives the same bytes on the same kind of
machine.
"""
import argparse
import json
import pathlib
import sys

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import pyarrow.parquet as pq
from onnxmltools.convert.common.data_types import FloatTensorType

MODELS = pathlib.Path(__file__).parent / 'models'
ZONE = 'Europe/Paris'
# Days, first and last, in this zone. The month before the first only fills the windows; a label reaches six days further than
# its row, so a week lies between the parts.
SPLITS = {'train': ('2024-02-01', '2025-02-14'), 'validation': ('2025-02-22', '2025-03-21'), 'test': ('2025-03-29', '2025-06-24')}
ROUNDS = 150
PARAMETERS = {
    'objective': 'poisson', 'learning_rate': 0.1, 'num_leaves': 20, 'max_depth': 6, 'min_data_in_leaf': 50, 'lambda_l2': 1.0,
    'feature_fraction': 0.8, 'seed': 7, 'deterministic': True, 'force_row_wise': True, 'num_threads': 2,
    'monotone_constraints_method': 'advanced', 'bin_construct_sample_cnt': 10_000_000, 'verbose': -1,
}
# Whatever else holds, dearer never sells more: what a what-if of the price relies on.
FALLING = ('price', 'change_7d', 'change_28d')
# What is known of a product only once it was sold.
SOLD = ('change_7d', 'change_28d', 'mean_7d', 'mean_28d', 'std_28d')
# Few rows are of products without history: this share of all is learned from a second time, as if it had none.
FORGOTTEN = 0.25
# Of what LightGBM gives, relative: the last step is an exponential in float32.
TOLERANCE = 1e-5
BOOTSTRAPS = 500


def note(text):
    print(text, file=sys.stderr, flush=True)


def read(file):
    table = pq.read_table(file)
    rows = table.to_pandas().sort_values(['as_of', 'key_sku'], kind='stable', ignore_index=True)
    rows['date'] = rows.as_of.dt.tz_convert(ZONE).dt.strftime('%Y-%m-%d')
    metadata = table.schema.metadata
    return rows, json.loads(metadata[b'prescore.features']), metadata[b'prescore.feature_hash'].decode()


def inputs(rows, names):
    """Rounded to float32 as before the served model, so that training and serving meet the same values."""
    return rows[names].to_numpy(np.float64).astype(np.float32)


def forgotten(x, names):
    """The same rows as if nothing had been sold yet."""
    blank = x.copy()
    blank[:, [names.index(name) for name in SOLD]] = np.nan
    return blank


def learned(part, names, rng):
    x, y = inputs(part, names), part.label.to_numpy()
    again = rng.random(len(x)) < FORGOTTEN
    return np.concatenate([x, forgotten(x[again], names)]), np.concatenate([y, y[again]])


def train(parts, names):
    rng = np.random.default_rng(5)
    data = lightgbm.Dataset(*learned(parts['train'], names, rng), feature_name=names)
    validation = lightgbm.Dataset(*learned(parts['validation'], names, rng), feature_name=names, reference=data)
    constraints = [-1 if name in FALLING else 0 for name in names]
    stop = lightgbm.early_stopping(20, verbose=False)
    return in_float32(lightgbm.train({**PARAMETERS, 'monotone_constraints': constraints}, data, ROUNDS, [validation], callbacks=[stop]))


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


def export(model, names, feature_hash, rows):
    """models/demand.onnx: float32 `features` [rows, n] in, `units` [rows, 1] out."""
    initial = [('features', FloatTensorType([None, len(names)]))]
    graph = onnxmltools.convert_lightgbm(model, name='demand', initial_types=initial, target_opset=15)
    rename(graph, graph.graph.output[0].name, 'units')
    onnx.helper.set_model_props(graph, {
        'features': json.dumps(names), 'feature_hash': feature_hash,
        'trained_on': f'{rows:,} days of generated sales, {" to ".join(SPLITS["train"])} ({ZONE})'})
    onnx.checker.check_model(graph)
    MODELS.mkdir(exist_ok=True)
    (MODELS / 'demand.onnx').write_bytes(graph.SerializeToString(deterministic=True))


def rename(graph, old, new):
    graph.graph.output[0].name = new
    for node in graph.graph.node:
        node.output[:] = [new if name == old else name for name in node.output]


def served(x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(MODELS / 'demand.onnx', options, providers=['CPUExecutionProvider'])
    return np.concatenate([session.run(['units'], {'features': x[i:i + 256]})[0] for i in range(0, len(x), 256)])[:, 0]


def verify(model, test, names, feature_hash):
    """Does the export say what LightGBM says, also where values are missing or lie on a threshold?"""
    rng, x = np.random.default_rng(7), inputs(test, names)
    splits = model.trees_to_dataframe().dropna(subset=['split_feature'])
    edges = x[::20].copy()
    for row in edges:
        n = rng.integers(len(splits))
        threshold = np.float32(min(splits.threshold.iloc[n], np.finfo(np.float32).max))
        row[names.index(splits.split_feature.iloc[n])] = np.nextafter(threshold, np.float32([-np.inf, threshold, np.inf][rng.integers(3)]))
    missing = np.where(rng.random(x[::20].shape) < 1 / 3, np.float32(np.nan), x[::20])
    cases = {'test': x, 'a third of all values missing': missing, 'a value on a threshold, or one step beside it': edges}
    differences = {name: float(np.abs(served(each) / model.predict(each) - 1).max()) for name, each in cases.items()}
    table(['rows', 'number', 'greatest difference, relative'], [[name, f'{len(cases[name]):,}', f'{d:.1e}'] for name, d in differences.items()])
    if not max(differences.values()) <= TOLERANCE:
        sys.exit(f'ONNX Runtime differs from LightGBM by more than {TOLERANCE}')
    evenly = x[np.linspace(0, len(x) - 1, 60).astype(int)]
    rows = np.concatenate([evenly, missing[:20], edges[:20]]).astype(np.float64)
    units = model.predict(rows.astype(np.float32))
    fields = {'framework': f'LightGBM {lightgbm.__version__}', 'features': names, 'feature_hash': feature_hash, 'output': 'units'}
    fields['relative_tolerance'] = TOLERANCE
    block = lambda values: '[\n' + ',\n'.join(json.dumps(value) for value in values) + '\n]'
    head = ',\n'.join(f'{json.dumps(name)}: {json.dumps(value)}' for name, value in fields.items())
    plain = [[None if np.isnan(v) else int(v) if v == int(v) else v for v in row] for row in rows.tolist()]
    text = f'{{\n{head},\n"rows": {block(plain)},\n"expected": {block([[u] for u in units.tolist()])}\n}}\n'
    (MODELS / 'demand.expected.json').write_text(text)


# How good is it?

def measures(y, p, w):
    """The absolute error by what was sold, and what is predicted by what was sold."""
    return np.array([np.sum(w * np.abs(y - p)) / np.sum(w * y), np.sum(w * p) / np.sum(w * y)])


def print_figures(rows, scores):
    """Intervals from bootstraps of whole products: the days of one product are no independent draws."""
    y = rows.label.to_numpy(np.float64)
    products, product = np.unique(rows.key_sku.to_numpy(), return_inverse=True)
    rng = np.random.default_rng(11)
    draws = [np.bincount(rng.integers(len(products), size=len(products)), minlength=len(products))[product] for _ in range(BOOTSTRAPS)]
    lines = []
    for name, p in scores.items():
        point = measures(y, p, np.ones(len(y)))
        spread = np.quantile([measures(y, p, w) for w in draws], [0.025, 0.975], axis=0)
        lines.append([name, *(f'{v:.3f} [{low:.3f}, {high:.3f}]' for v, low, high in zip(point, *spread))])
    table(['', 'error', 'predicted / sold'], lines)


def of_kind(everything, rows):
    """What products of the same season, channel and half of the prices sold on average in the last seven days before the row's."""
    kinds = lambda some: [some[name] for name in ('date', 'summer', 'winter', 'web', 'store')] + [some.price > everything.price.median()]
    known = everything.groupby(kinds(everything)).mean_7d.mean().mul(7).to_dict()
    return np.array([known[key] for key in zip(*kinds(rows))])


def table(head, rows):
    print('\n'.join('| ' + ' | '.join(row) + ' |' for row in [head, ['---'] * len(head), *rows]) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', required=True, metavar='FILE', help='what `prescore dataset demand` wrote')
    rows, names, feature_hash = read(parser.parse_args().data)
    parts = {name: rows[(rows.date >= first) & (rows.date <= last)] for name, (first, last) in SPLITS.items()}
    model = train(parts, names)
    note(f'{model.num_trees()} trees')
    export(model, names, feature_hash, len(parts['train']))
    print(f'{model.num_trees()} trees; {len(names)} features; feature hash `{feature_hash[:12]}`\n')
    described = [[name, f'{part.date.min()} to {part.date.max()}', f'{len(part):,}', f'{part.key_sku.nunique()}', f'{part.mean_28d.isna().sum()}', f'{part.label.mean():.1f}'] for name, part in parts.items()]
    table(['part', 'days', 'rows', 'products', 'rows at a launch', 'sold in seven days'], described)
    test = parts['test']
    known, launched = test[test.mean_28d.notna()], test[test.mean_28d.isna()]
    changed = known[(known.change_7d < 0.95) | (known.change_7d > 1.05)]
    for title, part in {'known products': known, 'known products whose price has just changed': changed}.items():
        print(f'{title}: {len(part):,} rows of {part.key_sku.nunique()} products\n')
        print_figures(part, {'model': model.predict(inputs(part, names)), 'the last seven days again': 7 * part.mean_7d.to_numpy()})
    print(f'products at their launch: {len(launched):,}\n')
    print_figures(launched, {'model': model.predict(inputs(launched, names)), 'the mean of their kind': of_kind(test, launched)})
    blank = forgotten(inputs(known, names), names)
    print('known products as if they were new:\n')
    print_figures(known, {'model': model.predict(blank), 'the mean of their kind': of_kind(test, known)})
    gains = sorted(zip(model.feature_importance('gain'), model.feature_name()), reverse=True)
    total = sum(gain for gain, _ in gains)
    table(['feature', 'share of the gain'], [[f'`{name}`', f'{gain / total:.0%}'] for gain, name in gains[:8]])
    verify(model, test, names, feature_hash)
    note(f'models/demand.onnx: {(MODELS / "demand.onnx").stat().st_size:,} bytes')


if __name__ == '__main__':
    main()
