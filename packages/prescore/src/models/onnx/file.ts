import { readdir, readFile } from 'node:fs/promises'
import { PrescoreError } from '../../base/index.ts'
import type { ModelSignature } from '../runtime.ts'
import { foreignFolder, foreignFormat } from './foreign-format.ts'
import { MalformedMessage } from './protobuf.ts'
import { type OnnxFile, readOnnx } from './signature.ts'

export interface OnnxModel {
  readonly bytes: Buffer
  readonly signature: ModelSignature
}

/** The model's bytes, with the signature read from the same bytes. @throws PrescoreError `model_unreadable` */
export async function readModel(file: string): Promise<OnnxModel> {
  const bytes = await readBytes(file)
  const { signature, weightFiles } = parse(bytes, file)
  if (weightFiles.length === 0) return { bytes, signature }
  throw new PrescoreError('model_unreadable', {
    where: file,
    found: `weights in another file (${weightFiles.join(', ')})`,
    expected: 'one file with everything',
    fix: 'Export into one file: `torch.onnx.export(…, external_data=False)`, or `onnx.save(onnx.load("model.onnx"), "whole.onnx")`.',
  })
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EISDIR') return refuseFolder(file)
    const found = code === 'ENOENT' ? 'no such file' : message
    throw new PrescoreError('model_unreadable', {
      where: file,
      found,
      expected: 'an ONNX model',
      fix: "Check the path in `model`: it is relative to the project file's folder.",
      cause,
    })
  }
}

async function refuseFolder(folder: string): Promise<never> {
  const { kind, fix } = foreignFolder(await readdir(folder))
  throw new PrescoreError('model_unreadable', { where: folder, found: kind, expected: 'an ONNX model', fix })
}

function parse(bytes: Buffer, file: string): OnnxFile {
  const foreign = foreignFormat(bytes, file)
  if (foreign !== undefined)
    throw new PrescoreError('model_unreadable', { where: file, found: foreign.kind, expected: 'an ONNX model', fix: foreign.fix })
  try {
    return readOnnx(bytes)
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause
    throw new PrescoreError('model_unreadable', { where: file, found: cause.message, expected: 'a whole ONNX model', cause })
  }
}
