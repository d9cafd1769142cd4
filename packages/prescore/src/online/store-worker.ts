/** A thread that stores what is much: whoever reads meanwhile is not kept waiting. Everything it needs comes as plain data. */
import { workerData } from 'node:worker_threads'
import { serveTasks } from '../base/index.ts'
import { LmdbFolder } from '../lmdb/index.ts'
import { checkOwnerIs } from './owner.ts'
import { eachPut, tableOf } from './puts.ts'
import type { StoreOrder, StorePlace } from './store-thread.ts'
import { META, openTable, TABLES_MAX, type Table } from './tables.ts'

const { folder, owner } = workerData as StorePlace
let opened: LmdbFolder | undefined

/** Of the tables that are put to. With those that a part adds, they stay below the 131,071 changed pages that a transaction with steps holds. */
const STEPPED_PAGES_MAX = 96_000

/** All of it, or nothing. */
async function perform({ parts }: StoreOrder): Promise<void> {
  opened ??= new LmdbFolder(folder, 'here', TABLES_MAX)
  const root = opened
  const meta = openTable(root, META)
  // Each time: what has been dropped since must not be written to.
  const tables = new Map<string, Table>([[META, meta]])
  for (const name of new Set(parts.map(tableOf))) if (name !== META) tables.set(name, openTable(root, name))
  root.transactionSync(() => {
    checkOwnerIs(meta, owner, folder)
    for (const part of parts) {
      const table = tables.get(tableOf(part))!
      const put = () => eachPut(part, (key, bytes) => (bytes === undefined ? table.removeSync(key) : table.putSync(key, bytes)))
      if (pagesOf(tables.values()) < STEPPED_PAGES_MAX) root.step(put)
      else put()
    }
  })
}

function pagesOf(tables: Iterable<Table>): number {
  let pages = 0
  for (const table of tables) {
    const { treeBranchPageCount, treeLeafPageCount, overflowPages } = table.getStats() as Record<string, number>
    pages += treeBranchPageCount! + treeLeafPageCount! + overflowPages!
  }
  return pages
}

async function close(): Promise<void> {
  await opened?.close()
}

serveTasks({ perform, close })
