import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { inspectModel } from '../../src/models/index.ts'

const folder = await mkdtemp(join(tmpdir(), 'prescore-formats-'))
after(() => rm(folder, { recursive: true }))

const zip = (...names: string[]) => Buffer.from(`PK\x03\x04\x14\x00${names.map(name => `model/${name}…bytes…`).join('PK\x03\x04')}`)

/** How each kind of file begins, what it is called, and what the remedy speaks of. */
const FILES: readonly [name: string, bytes: Buffer, found: RegExp, fix: RegExp][] = [
  ['empty.onnx', Buffer.of(), /an empty file/, /Export/],
  ['pointer.onnx', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'), /Git LFS pointer/, /git lfs pull/],
  ['page.onnx', Buffer.from('\n<!DOCTYPE html><html>Not found</html>'), /web page/, /Download/],
  ['script.pt', zip('data.pkl', 'constants.pkl'), /TorchScript/, /torch\.onnx\.export/],
  ['state.pt', zip('data.pkl'), /PyTorch checkpoint/, /torch\.onnx\.export/],
  ['model.keras', zip('config.json', 'model.weights.h5'), /Keras model/, /tf2onnx/],
  ['model.zip', zip('model.onnx'), /zip archive/, /Take/],
  ['model.onnx.gz', Buffer.of(0x1f, 0x8b, 8, 0), /gzip/, /Unpack/],
  ['model.joblib', Buffer.from('\x80\x04\x95\x11', 'latin1'), /pickle \(joblib, scikit-learn\)/, /skl2onnx\.to_onnx/],
  ['model.joblib.z', Buffer.of(0x78, 0x9c, 1, 2), /compressed joblib/, /skl2onnx\.to_onnx/],
  ['model.h5', Buffer.from('\x89HDF\r\n', 'latin1'), /HDF5/, /tf2onnx/],
  ['model.tflite', Buffer.from('\x1c\x00\x00\x00TFL3', 'latin1'), /TensorFlow Lite/, /tf2onnx/],
  ['saved_model.pb', Buffer.of(8, 1, 18, 0), /SavedModel/, /tf2onnx/],
  ['model.ort', Buffer.from('\x1c\x00\x00\x00ORTM', 'latin1'), /ORT-format/, /\.onnx/],
  ['model.txt', Buffer.from('tree\nversion=v4\nnum_class=1\n'), /LightGBM/, /onnxmltools\.convert_lightgbm/],
  ['model.json', Buffer.from('{"learner":{"attributes":{}}}'), /XGBoost model/, /onnxmltools\.convert_xgboost/],
  ['model.ubj', Buffer.from('{L\0\0\0\0\0\0\0\x07learner{'), /XGBoost model/, /onnxmltools\.convert_xgboost/],
  ['model.deprecated', Buffer.from('binf\0\0\0'), /XGBoost binary/, /onnxmltools\.convert_xgboost/],
  ['model.cbm', Buffer.from('CBM1\0\0'), /CatBoost/, /format="onnx"/],
  ['model.pmml', Buffer.from('<?xml version="1.0"?>\n<PMML version="4.4">'), /PMML/, /ONNX/],
  ['other.json', Buffer.from('{"name": "tree"}'), /JSON/, /\.onnx/],
  ['noise.onnx', Buffer.from('this is no model at all'), /wire type|announced|cut short/, /whole ONNX model/],
]

for (const [name, bytes, found, fix] of FILES) {
  test(`${name} is told from an ONNX model`, async () => {
    await writeFile(join(folder, name), bytes)
    await assertRefused(join(folder, name), found, fix)
  })
}

test('folders and files that are not there are told', async () => {
  await mkdir(join(folder, 'saved'))
  await writeFile(join(folder, 'saved', 'saved_model.pb'), '')
  await assertRefused(join(folder, 'saved'), /SavedModel/, /tf2onnx/)
  await mkdir(join(folder, 'models'))
  await assertRefused(join(folder, 'models'), /a folder/, /Name the \.onnx file/)
  await writeFile(join(folder, 'models', 'late.onnx'), '')
  await assertRefused(join(folder, 'models'), /a folder/, /late\.onnx/)
  await assertRefused(join(folder, 'missing.onnx'), /no such file/, /relative to the project file/)
})

async function assertRefused(file: string, found: RegExp, fix: RegExp): Promise<void> {
  await assert.rejects(inspectModel(file), (error: unknown) => {
    assert.ok(error instanceof PrescoreError)
    assert.equal(error.code, 'model_unreadable')
    assert.equal(error.details.where, file)
    assert.match(error.details.found ?? '', found)
    assert.match(error.fix, fix)
    return true
  })
}
