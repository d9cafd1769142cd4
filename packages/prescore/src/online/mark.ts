/** Where a group stands. It is stored with what it says, in one commit. */

export interface Mark {
  /** It has a bootstrap. */
  readonly isReady: boolean
  /** Up to which position of the log its events are in. */
  readonly position: number
  /** As-ofs before it are refused: what only they need may be forgotten. */
  readonly retainedFromUs: number
  /** −Infinity: nothing is known. */
  readonly dataThroughUs: number
}

export const NO_MARK: Mark = Object.freeze({
  isReady: false,
  position: 0,
  retainedFromUs: Number.NEGATIVE_INFINITY,
  dataThroughUs: Number.NEGATIVE_INFINITY,
})

export function encodeMark({ isReady, position, retainedFromUs, dataThroughUs }: Mark): Buffer {
  const bytes = Buffer.alloc(25)
  bytes.writeUInt8(isReady ? 1 : 0, 0)
  bytes.writeDoubleLE(position, 1)
  bytes.writeDoubleLE(retainedFromUs, 9)
  bytes.writeDoubleLE(dataThroughUs, 17)
  return bytes
}

export function decodeMark(bytes: Buffer): Mark {
  return {
    isReady: bytes.readUInt8(0) === 1,
    position: bytes.readDoubleLE(1),
    retainedFromUs: bytes.readDoubleLE(9),
    dataThroughUs: bytes.readDoubleLE(17),
  }
}
