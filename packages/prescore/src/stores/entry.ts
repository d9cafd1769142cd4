/** The bytes of one key's answer: the same in every driver. A JSON text holds no zero byte, so one can end it. */
import { PrescoreError } from '../base/index.ts'
import type { FingerprintBytes, RunHeader, StoredEntry, StoredRow } from './types.ts'

const END = Buffer.of(0)

/** @throws PrescoreError `internal` for a row that is not as the header says */
export function storedBytes(
  { fingerprintBytes }: Pick<RunHeader, 'fingerprintBytes'>,
  { valueText, fingerprint, inputsText }: StoredRow,
): Buffer {
  const width = fingerprint?.length ?? 0
  if (width !== fingerprintBytes || (fingerprint === undefined) !== (inputsText === undefined)) {
    throw new PrescoreError('internal', {
      where: 'rows to store',
      found: `a fingerprint of ${width} bytes${inputsText === undefined ? '' : ' and inputs'}`,
      expected: fingerprintBytes === 0 ? 'neither' : `${fingerprintBytes} bytes and inputs`,
    })
  }
  if (fingerprint === undefined || inputsText === undefined) return Buffer.from(valueText)
  return Buffer.concat([fingerprint, Buffer.from(valueText), END, Buffer.from(inputsText)])
}

export function valueTextOf(stored: Buffer, fingerprintBytes: FingerprintBytes): string {
  return stored.toString('utf8', fingerprintBytes, fingerprintBytes === 0 ? stored.length : stored.indexOf(0, fingerprintBytes))
}

export function entryOf(stored: Buffer, fingerprintBytes: FingerprintBytes): StoredEntry {
  const valueText = valueTextOf(stored, fingerprintBytes)
  if (fingerprintBytes === 0) return { valueText, fingerprint: undefined, inputsText: undefined }
  const inputsText = stored.toString('utf8', stored.indexOf(0, fingerprintBytes) + 1)
  return { valueText, fingerprint: Buffer.from(stored.subarray(0, fingerprintBytes)), inputsText }
}
