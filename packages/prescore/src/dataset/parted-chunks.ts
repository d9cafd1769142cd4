/** Rows that were sorted out to parts, read back. */
import { closeSync, openSync } from 'node:fs'
import { readAll } from '../base/index.ts'
import type { Chunk, Column, NumberColumn, StringColumn } from '../expressions/index.ts'
import { type PartedRows, PIECE } from './parted-rows.ts'

const DOUBLE_BYTES = Float64Array.BYTES_PER_ELEMENT

/** Piece by piece: a chunk, or an array of it, is kept by nobody when the next is asked for. */
export function* partedChunks({ file, columns, forms, pieces }: PartedRows): Generator<Chunk> {
  if (pieces.length === 0) return
  const handle = openSync(file, 'r')
  const codesRoom = columns.map(() => new Int32Array(0))
  let room = new Float64Array(0)
  try {
    for (let at = 0; at < pieces.length; at += PIECE) {
      const [, from, rows, textBytes, form] = pieces.subarray(at, at + PIECE) as unknown as [number, number, number, number, number]
      const exact = forms[form] as readonly number[]
      const length = (columns.length + exact.length) * rows
      const size = length + Math.ceil(textBytes / DOUBLE_BYTES)
      if (room.length < size) room = new Float64Array(size)
      const bytes = new Uint8Array(room.buffer, 0, length * DOUBLE_BYTES + textBytes)
      readAll(handle, bytes, from)
      const texts = textBytes === 0 ? [] : (JSON.parse(Buffer.from(room.buffer, length * DOUBLE_BYTES, textBytes).toString()) as string[][])
      let text = 0
      const of = columns.map(([name, type], i): readonly [string, Column] => {
        const values = room.subarray(i * rows, (i + 1) * rows)
        const behind = exact.indexOf(i)
        if (behind >= 0)
          return [name, { type, values, exact: new BigInt64Array(room.buffer, (columns.length + behind) * rows * DOUBLE_BYTES, rows) }]
        if (type.kind !== 'string') return [name, { type, values } satisfies NumberColumn]
        if ((codesRoom[i] as Int32Array).length < rows) codesRoom[i] = new Int32Array(rows)
        const codes = (codesRoom[i] as Int32Array).subarray(0, rows)
        codes.set(values)
        return [name, { type, codes, dictionary: texts[text++] ?? [] } satisfies StringColumn]
      })
      yield { rows, columns: new Map(of) }
    }
  } finally {
    closeSync(handle)
  }
}
