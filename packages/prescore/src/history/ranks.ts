/** Ids as numbers that order as the ids do: safe integers as they are, others by their rank, texts by the rank of their UTF-8 bytes. */
import { type Column, isStringColumn } from '../expressions/index.ts'

export function ranks(ids: Column, rows: number): Float64Array {
  if (isStringColumn(ids)) return textRanks(ids.codes, ids.dictionary, rows)
  return ids.exact === undefined ? ids.values.subarray(0, rows) : integerRanks(ids.exact, rows)
}

function textRanks(codes: Int32Array, dictionary: readonly string[], rows: number): Float64Array {
  const order = dictionary.map((text, code) => ({ bytes: Buffer.from(text), code }))
  order.sort((a, b) => Buffer.compare(a.bytes, b.bytes))
  const rankOf = new Float64Array(order.length)
  order.forEach(({ code }, rank) => {
    rankOf[code] = rank
  })
  return Float64Array.from({ length: rows }, (_, i) => rankOf[codes[i] as number] as number)
}

function integerRanks(ids: BigInt64Array, rows: number): Float64Array {
  const sorted = ids.slice(0, rows).sort()
  const rankOf = new Map<bigint, number>()
  sorted.forEach((id, rank) => rankOf.set(id, rank))
  return Float64Array.from({ length: rows }, (_, i) => rankOf.get(ids[i] as bigint) as number)
}
