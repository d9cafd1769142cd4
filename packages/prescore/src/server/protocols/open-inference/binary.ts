/** The binary tensor extension: raw elements, little-endian and row-major, after the JSON. A text is its length in four bytes, then its UTF-8. */
import { isUtf8 } from 'node:buffer'
import { TENSOR_ARRAYS, type Tensor, type TensorData, type TensorType } from '../../../models/index.ts'
import { refused } from '../tensors.ts'

/** The bytes of the JSON, by the name that clients look for. */
export const JSON_LENGTH_HEADER = 'Inference-Header-Content-Length'

const LENGTH_BYTES = 4

/** The elements of a tensor, in an array of their own. @throws PrescoreError `invalid_request` */
export function readElements(type: TensorType, bytes: Buffer, count: number, where: string): TensorData {
  if (type === 'string') return readTexts(bytes, count, where)
  const { BYTES_PER_ELEMENT: width } = TENSOR_ARRAYS[type]
  if (bytes.length !== count * width) throw refused(where, `${bytes.length} bytes`, `${count * width}: ${width} for each of ${count}`)
  const own = new Uint8Array(bytes)
  if (type === 'bool' && own.some(value => value > 1)) throw refused(where, 'a byte that is neither', '0 or 1')
  return new TENSOR_ARRAYS[type](own.buffer)
}

function readTexts(bytes: Buffer, count: number, where: string): readonly string[] {
  const texts: string[] = []
  let at = 0
  while (at < bytes.length) {
    if (at + LENGTH_BYTES > bytes.length)
      throw refused(where, `${bytes.length - at} bytes at the end`, 'a length of four bytes, or nothing')
    const from = at + LENGTH_BYTES
    const to = from + bytes.readUInt32LE(at)
    if (to > bytes.length)
      throw refused(
        `${where}, element ${texts.length}`,
        `a length of ${to - from} bytes`,
        `at most the ${bytes.length - from} that are left`,
      )
    texts.push(readText(bytes.subarray(from, to), `${where}, element ${texts.length}`))
    at = to
  }
  if (texts.length !== count) throw refused(where, `${texts.length} texts`, `${count}, as the shape says`)
  return texts
}

/** @throws PrescoreError `invalid_request` for what is not UTF-8 */
export function readText(bytes: Buffer, where: string): string {
  if (!isUtf8(bytes)) throw refused(where, 'bytes that are not UTF-8', 'a text')
  return bytes.toString('utf8')
}

export function elementBytes({ type, data }: Tensor): Buffer {
  if (type !== 'string') {
    const { buffer, byteOffset, byteLength } = data as Uint8Array
    return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
  }
  return Buffer.concat(
    (data as readonly string[]).flatMap(text => {
      const bytes = Buffer.from(text)
      const length = Buffer.allocUnsafe(LENGTH_BYTES)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}
