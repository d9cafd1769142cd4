/**
 * Whether all that a data file of LMDB refers to lies within it. LMDB maps the file: to read a page beyond its end ends the process.
 * The layout is that of LMDB's data version 2, on machines of 64 bits.
 */

const PAGE = { flags: 18, lower: 20, header: 24 }
const BRANCH = 0x01
const LEAF = 0x02
/** Leaves of nothing but keys: they refer to nothing. */
const KEYS_ONLY = 0x20
const NODE = { high: 2, flags: 4, keyBytes: 6, header: 8 }
const BIG = 0x01
const TREE = 0x02
/** Of the record of a tree within a value. */
const ROOT = 40
const NO_PAGE = 0xffff_ffff_ffff_ffffn

/**
 * @param file all bytes that there are
 * @param roots of the trees, as the meta page names them
 * @returns whether each page of these trees lies in the file: false also where a page is none
 */
export function isAllWithin(file: Buffer, pageBytes: number, roots: readonly bigint[]): boolean {
  const seen = new Set<bigint>()
  const open = [...roots]
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (page === NO_PAGE) continue
    const at = Number(page) * pageBytes
    if (seen.has(page) || at + pageBytes > file.length) return false
    seen.add(page)
    const bytes = file.subarray(at, at + pageBytes)
    const flags = bytes.readUInt16LE(PAGE.flags)
    if ((flags & (BRANCH | LEAF)) === 0) return false
    if ((flags & KEYS_ONLY) !== 0) continue
    for (const node of nodesOf(bytes)) {
      if (node === undefined) return false
      if ((flags & BRANCH) !== 0) open.push(childOf(node))
      else if (!isLeafWithin(node, file.length, pageBytes, open)) return false
    }
  }
  return true
}

function* nodesOf(page: Buffer): Generator<Buffer | undefined> {
  const count = (page.readUInt16LE(PAGE.lower) - PAGE.header) >> 1
  for (let i = 0; i < count; i++) {
    const at = page.readUInt16LE(PAGE.header + 2 * i)
    yield at + NODE.header <= page.length ? page.subarray(at) : undefined
  }
}

function childOf(node: Buffer): bigint {
  return BigInt(node.readUInt32LE(0)) | (BigInt(node.readUInt16LE(NODE.flags)) << 32n)
}

/** @param open takes the root of a tree that is the value. */
function isLeafWithin(node: Buffer, fileBytes: number, pageBytes: number, open: bigint[]): boolean {
  const flags = node.readUInt16LE(NODE.flags)
  if ((flags & (BIG | TREE)) === 0) return true
  const value = NODE.header + node.readUInt16LE(NODE.keyBytes)
  if ((flags & TREE) !== 0) {
    if (value + ROOT + 8 > node.length) return false
    open.push(node.readBigUInt64LE(value + ROOT))
    return true
  }
  if (value + 8 > node.length) return false
  const valueBytes = node.readUInt16LE(0) + node.readUInt16LE(NODE.high) * 0x1_0000
  return Number(node.readBigUInt64LE(value)) * pageBytes + PAGE.header + valueBytes <= fileBytes
}
