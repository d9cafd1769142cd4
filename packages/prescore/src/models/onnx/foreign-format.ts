/** Files that people give where an ONNX model is wanted: what each looks like, and how to make ONNX of it. */
import { basename } from 'node:path'

export interface ForeignFormat {
  readonly kind: string
  readonly fix: string
}

interface Row extends ForeignFormat {
  readonly matches: (bytes: Buffer, name: string) => boolean
}

const HEAD_BYTES = 4096
const SKLEARN =
  'In Python, load it and convert it: `skl2onnx.to_onnx(model, x[:1])`, for a classifier with `options={"zipmap": False}`; write its `SerializeToString()`.'
const TORCH =
  'In Python, load it and export it: `torch.onnx.export(model, example, "model.onnx", external_data=False)` with a dynamic batch axis.'
const KERAS = 'Convert it: `python -m tf2onnx.convert` with --saved-model, --keras or --tflite, and --output model.onnx.'
const LIGHTGBM =
  'In Python: `onnxmltools.convert_lightgbm(booster, initial_types=[("features", FloatTensorType([None, n]))], zipmap=False)`.'
const XGBOOST = 'In Python: `onnxmltools.convert_xgboost(booster, initial_types=[("features", FloatTensorType([None, n]))])`.'

const startsWith = (text: string) => (bytes: Buffer) => bytes.subarray(0, text.length).toString('latin1') === text
const at = (offset: number, text: string) => (bytes: Buffer) => bytes.subarray(offset, offset + text.length).toString('latin1') === text
const head = (pattern: RegExp) => (bytes: Buffer) => pattern.test(bytes.subarray(0, HEAD_BYTES).toString('latin1'))
const isZip = startsWith('PK\x03\x04')

/** In this order: the first that matches. */
const FORMATS: readonly Row[] = [
  row('an empty file', 'Export the model again.', bytes => bytes.length === 0),
  row('a Git LFS pointer, not the model itself', 'Fetch the file: `git lfs pull`.', startsWith('version https://git-lfs')),
  row('a web page', 'Download the file itself; this is what the server answered instead.', head(/^\s*<(!doctype html|html)/i)),
  row('TorchScript', TORCH, bytes => isZip(bytes) && bytes.includes('constants.pkl')),
  row('a PyTorch checkpoint', TORCH, bytes => isZip(bytes) && bytes.includes('data.pkl')),
  row('a Keras model', KERAS, bytes => isZip(bytes) && bytes.includes('model.weights.h5')),
  row('a zip archive', 'Take the .onnx file out of it.', isZip),
  row('a gzip archive', 'Unpack it first.', startsWith('\x1f\x8b')),
  row(
    'a Python pickle (joblib, scikit-learn)',
    SKLEARN,
    bytes => bytes[0] === 0x80 && (bytes[1] as number) >= 2 && (bytes[1] as number) <= 5,
  ),
  row(
    'a compressed joblib file (scikit-learn)',
    SKLEARN,
    bytes => bytes[0] === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(bytes[1] as number),
  ),
  row('a Keras HDF5 file', KERAS, startsWith('\x89HDF')),
  row('a TensorFlow Lite model', KERAS, at(4, 'TFL3')),
  row('a TensorFlow SavedModel', KERAS, (_, name) => name === 'saved_model.pb'),
  row('an ORT-format model', 'Give the .onnx file that it was made from.', at(4, 'ORTM')),
  row('a LightGBM text model', LIGHTGBM, head(/^tree\r?\nversion=/)),
  row('an XGBoost model', XGBOOST, head(/^\{.{0,40}learner/s)),
  row('an XGBoost binary model', XGBOOST, startsWith('binf')),
  row('a CatBoost model', 'In Python: `model.save_model("model.onnx", format="onnx")`.', startsWith('CBM1')),
  row('a PMML document', 'Convert the model that it was made from to ONNX.', head(/<PMML/)),
  row('JSON', 'Give the model as an .onnx file.', head(/^\s*[{[]\s*["[{\]}\d]/)),
]

/** What the bytes look like, if not like ONNX; undefined: nothing that we know. */
export function foreignFormat(bytes: Buffer, file: string): ForeignFormat | undefined {
  return FORMATS.find(({ matches }) => matches(bytes, basename(file)))
}

/** What a folder in the place of a model looks like. */
export function foreignFolder(names: readonly string[]): ForeignFormat {
  if (names.includes('saved_model.pb')) return { kind: 'a TensorFlow SavedModel', fix: KERAS }
  const onnx = names.find(name => name.endsWith('.onnx'))
  return { kind: 'a folder', fix: onnx === undefined ? 'Name the .onnx file.' : `Name the file in it: ${onnx}.` }
}

function row(kind: string, fix: string, matches: Row['matches']): Row {
  return { kind, fix, matches }
}
