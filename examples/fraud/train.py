"""Trains models/fraud.onnx on what `prescore dataset fraud` wrote, and prints the figures of MODEL_CARD.md.

    pip install -r requirements.txt
    python train.py --data fraud.parquet

Writes models/fraud.onnx, and models/fraud.expected.json: rows with the probabilities that LightGBM itself gives, never
those of ONNX Runtime. Figures go to stdout as Markdown, progress to stderr. The same data gives the same bytes
on the same kind of machine.
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
# Days, first and last, in this zone. The week before the first only fills the windows of 7 days.
SPLITS = {'train': ('2025-06-08', '2025-06-19'), 'validation': ('2025-06-20', '2025-06-22'), 'test': ('2025-06-23', '2025-06-30')}
ROUNDS = 200
PARAMETERS = {
    'objective': 'binary', 'learning_rate': 0.1, 'num_leaves': 15, 'max_depth': 5, 'min_data_in_leaf': 50, 'lambda_l2': 1.0,
    'feature_fraction': 0.7, 'seed': 7, 'deterministic': True, 'force_row_wise': True, 'num_threads': 2,
    'bin_construct_sample_cnt': 10_000_000, 'verbose': -1,
}
TOLERANCE = 1e-6
BOOTSTRAPS = 500
# What a bank can look at: this share of all payments.
STOPPED = 0.01


def note(text):
    print(text, file=sys.stderr, flush=True)


def read(file):
    table = pq.read_table(file)
    rows = table.to_pandas().sort_values(['as_of', 'input_card', 'input_merchant', 'input_amount'], kind='stable', ignore_index=True)
    rows['day'] = rows.as_of.dt.tz_convert(ZONE).dt.strftime('%Y-%m-%d')
    metadata = table.schema.metadata
    return rows, json.loads(metadata[b'prescore.features']), metadata[b'prescore.feature_hash'].decode()


def inputs(rows, names):
    """Rounded to float32 as before the served model, so that training and serving meet the same values."""
    return rows[names].to_numpy(np.float64).astype(np.float32)


def train(parts, names):
    data = lightgbm.Dataset(inputs(parts['train'], names), parts['train'].label.to_numpy(), feature_name=names)
    validation = data.create_valid(inputs(parts['validation'], names), parts['validation'].label.to_numpy())
    model = lightgbm.train(PARAMETERS, data, ROUNDS, [validation], callbacks=[lightgbm.early_stopping(20, verbose=False)])
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


def export(model, names, feature_hash, rows):
    """models/fraud.onnx: float32 `features` [rows, n] in, `label` and `probabilities` [rows, 2] out."""
    initial = [('features', FloatTensorType([None, len(names)]))]
    graph = onnxmltools.convert_lightgbm(model, name='fraud', initial_types=initial, zipmap=False, target_opset=15)
    # The converter declares one label, however many rows there are.
    next(output for output in graph.graph.output if output.name == 'label').type.tensor_type.shape.dim[0].dim_param = 'rows'
    onnx.helper.set_model_props(graph, {
        'features': json.dumps(names), 'feature_hash': feature_hash,
        'trained_on': f'{rows:,} generated payments of {" to ".join(SPLITS["train"])} ({ZONE})'})
    onnx.checker.check_model(graph)
    MODELS.mkdir(exist_ok=True)
    (MODELS / 'fraud.onnx').write_bytes(graph.SerializeToString(deterministic=True))


def served(x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(MODELS / 'fraud.onnx', options, providers=['CPUExecutionProvider'])
    return np.concatenate([session.run(['probabilities'], {'features': x[i:i + 256]})[0] for i in range(0, len(x), 256)])[:, 1]


def verify(model, test, names, feature_hash):
    """Does the export say what LightGBM says, also where values are missing or lie on a threshold?"""
    rng, x = np.random.default_rng(7), inputs(test, names)
    splits = model.trees_to_dataframe().dropna(subset=['split_feature'])
    edges = x[::20].copy()
    for row in edges:
        n = rng.integers(len(splits))
        threshold = np.float32(splits.threshold.iloc[n])
        row[names.index(splits.split_feature.iloc[n])] = np.nextafter(threshold, np.float32([-np.inf, threshold, np.inf][rng.integers(3)]))
    missing = np.where(rng.random(x[::20].shape) < 1 / 3, np.float32(np.nan), x[::20])
    cases = {'test': x, 'a third of all values missing': missing, 'a value on a threshold, or one step beside it': edges}
    differences = {name: float(np.abs(served(each) - model.predict(each)).max()) for name, each in cases.items()}
    table(['rows', 'number', 'greatest difference'], [[name, f'{len(cases[name]):,}', f'{d:.1e}'] for name, d in differences.items()])
    if not max(differences.values()) <= TOLERANCE:
        sys.exit(f'ONNX Runtime differs from LightGBM by more than {TOLERANCE}')
    evenly = x[np.linspace(0, len(x) - 1, 60).astype(int)]
    rows = np.concatenate([evenly, missing[:20], edges[:20]]).astype(np.float64)
    probabilities = model.predict(rows.astype(np.float32))
    fields = {'framework': f'LightGBM {lightgbm.__version__}', 'features': names, 'feature_hash': feature_hash, 'output': 'probabilities'}
    fields['tolerance'] = TOLERANCE
    block = lambda values: '[\n' + ',\n'.join(json.dumps(value) for value in values) + '\n]'
    head = ',\n'.join(f'{json.dumps(name)}: {json.dumps(value)}' for name, value in fields.items())
    plain = [[None if np.isnan(v) else int(v) if v == int(v) else v for v in row] for row in rows.tolist()]
    text = f'{{\n{head},\n"rows": {block(plain)},\n"expected": {block([[1 - p, p] for p in probabilities.tolist()])}\n}}\n'
    (MODELS / 'fraud.expected.json').write_text(text)


# How good is it?

def auc(y, p, w):
    order = np.argsort(p, kind='stable')
    y, p, w = y[order], p[order], w[order]
    _, group = np.unique(p, return_inverse=True)
    bad, good = np.bincount(group, w * y), np.bincount(group, w * (1 - y))
    return float(np.sum(bad * (np.cumsum(good) - good / 2)) / (bad.sum() * good.sum()))


def found(y, p, w):
    """Of the riskiest payments that can be looked at: the share of all fraud among them, and the share of them that is fraud."""
    order = np.argsort(-p, kind='stable')
    y, w = y[order], w[order]
    stopped = np.cumsum(w) <= STOPPED * w.sum()
    caught = float(np.sum((w * y)[stopped]))
    return caught / float(np.sum(w * y)), caught / float(np.sum(w[stopped]))


def measures(y, p, w):
    return np.array([auc(y, p, w), *found(y, p, w)])


def print_figures(test, scores):
    """Intervals from bootstraps of whole cards: payments of one card are no independent draws."""
    y = test.label.to_numpy(np.float64)
    cards, card = np.unique(test.input_card.to_numpy(), return_inverse=True)
    rng = np.random.default_rng(11)
    draws = [np.bincount(rng.integers(len(cards), size=len(cards)), minlength=len(cards))[card] for _ in range(BOOTSTRAPS)]
    rows = []
    for name, p in scores.items():
        point = measures(y, p, np.ones(len(y)))
        spread = np.quantile([measures(y, p, w) for w in draws], [0.025, 0.975], axis=0)
        rows.append([name, *(f'{v:.3f} [{low:.3f}, {high:.3f}]' for v, low, high in zip(point, *spread))])
    table(['', 'AUC', f'fraud found at {STOPPED:.0%}', 'of those, fraud'], rows)


def table(head, rows):
    print('\n'.join('| ' + ' | '.join(row) + ' |' for row in [head, ['---'] * len(head), *rows]) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', required=True, metavar='FILE', help='what `prescore dataset fraud` wrote')
    rows, names, feature_hash = read(parser.parse_args().data)
    parts = {name: rows[(rows.day >= first) & (rows.day <= last)] for name, (first, last) in SPLITS.items()}
    model, alone = train(parts, names), ['amount', 'hour']
    plain = train(parts, alone)
    note(f'{model.num_trees()} trees')
    export(model, names, feature_hash, len(parts['train']))
    test = parts['test']
    print(f'{model.num_trees()} trees; {len(names)} features; feature hash `{feature_hash[:12]}`\n')
    table(['part', 'days', 'payments', 'fraud'], [[name, f'{part.day.min()} to {part.day.max()}', f'{len(part):,}', f'{part.label.mean():.2%}'] for name, part in parts.items()])
    predicted = model.predict(inputs(test, names))
    print(f'mean predicted on the test days: {predicted.mean():.2%}\n')
    print_figures(test, {
        'model': predicted,
        'the same without windows: amount and hour': plain.predict(inputs(test, alone)),
        'amount by the mean of the card': np.nan_to_num(test.ratio.to_numpy(), nan=1.0),
        'payments in 15 minutes': test.payments_15m.to_numpy(),
    })
    gains = sorted(zip(model.feature_importance('gain'), model.feature_name()), reverse=True)
    total = sum(gain for gain, _ in gains)
    table(['feature', 'share of the gain'], [[f'`{name}`', f'{gain / total:.0%}'] for gain, name in gains[:8]])
    verify(model, test, names, feature_hash)
    note(f'models/fraud.onnx: {(MODELS / "fraud.onnx").stat().st_size:,} bytes')


if __name__ == '__main__':
    main()
