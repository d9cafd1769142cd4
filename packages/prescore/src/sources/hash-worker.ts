/** A thread that hashes files, one after the other, and tells each SHA-256 as soon as it is there. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

const BYTES_AT_ONCE = 1 << 20

export interface HashedFile {
  readonly path: string
  readonly sha256: string
}

const buffer = Buffer.allocUnsafeSlow(BYTES_AT_ONCE)
// What cannot be read ends the thread: whoever wants the file meets the same, and says so.
for (const path of workerData as readonly string[]) parentPort?.postMessage({ path, sha256: sha256(path) } satisfies HashedFile)

function sha256(path: string): string {
  const hash = createHash('sha256')
  const file = openSync(path, 'r')
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read))
  } finally {
    closeSync(file)
  }
  return hash.digest('hex')
}
