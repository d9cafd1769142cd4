/** Text files as texts, decompressed on the way: for their beginnings, and for the place of what is wrong in them. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { PrescoreError } from '../../base/index.ts'

/** @throws PrescoreError `source_unreadable` */
export async function* readTexts(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8')
  try {
    for await (const bytes of decompressed(file)) yield decoder.decode(bytes as Buffer, { stream: true })
    yield decoder.decode()
  } catch (error) {
    throw new PrescoreError('source_unreadable', { found: (error as Error).message, expected: 'a whole file', cause: error })
  }
}

function decompressed(file: string): Readable {
  const bytes = createReadStream(file)
  const tool = file.toLowerCase().endsWith('.gz')
    ? createGunzip()
    : file.toLowerCase().endsWith('.zst')
      ? createZstdDecompress()
      : undefined
  if (tool === undefined) return bytes
  // A failure to read must end the reader of what is decompressed.
  bytes.on('error', error => tool.destroy(error))
  return bytes.pipe(tool)
}

/** The first text of a file, up to this many characters, without a byte order mark: empty for an empty file. @throws PrescoreError `source_unreadable` */
export async function readStart(file: string, charactersMax: number): Promise<string> {
  let start = ''
  for await (const text of readTexts(file)) {
    start += text
    if (start.length >= charactersMax || start.trimStart().includes('\n')) break
  }
  if (start.includes('\0') || start.startsWith('\ufffd'))
    throw new PrescoreError('source_unreadable', {
      found: 'bytes that are no text in UTF-8',
      expected: 'a text in UTF-8',
      fix: 'Convert the file to UTF-8; a workbook or another binary file must be exported as text first.',
    })
  return start.slice(0, charactersMax)
}
