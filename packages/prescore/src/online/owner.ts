/** Who has a folder of live state: the last to open it. */
import { PrescoreError } from '../base/index.ts'
import type { Table } from './tables.ts'

const OWNER = Buffer.from('owner')

/** Within a transaction only. */
export function claimFor(meta: Table, owner: Uint8Array): void {
  meta.putSync(OWNER, Buffer.from(owner))
}

/**
 * Two that store into one folder would each undo what the other did; and what another has stored must not be read together with
 * what is only in memory here.
 * @throws PrescoreError `store_unreadable`
 */
export function checkOwnerIs(meta: Table, owner: Uint8Array, folder: string): void {
  if (meta.getBinary(OWNER)?.equals(owner)) return
  throw new PrescoreError('store_unreadable', {
    where: folder,
    found: 'live state that another process has opened since',
    expected: 'one process that keeps it',
    fix: 'Stop the other one and start this one again, or give this one a folder of its own with --state.',
  })
}
