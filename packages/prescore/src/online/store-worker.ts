/** A thread that stores what is much: whoever reads meanwhile is not kept waiting. Everything it needs comes as plain data. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PrescoreError, serveTasks } from '../base/index.ts'
import { LmdbFolder } from '../lmdb/index.ts'
import { checkOwnerIs } from './owner.ts'
import { eachPut, type Part, tableOf } from './puts.ts'
import { END, SIGNAL, type StoreMessage, type StoreOrder, type StorePlace } from './store-thread.ts'
import { META, openTable, TABLES_MAX } from './tables.ts'

const { folder, owner } = workerData as StorePlace
let opened: LmdbFolder | undefined

/** All of it, or nothing. */
async function perform(order: StoreOrder): Promise<void> {
  try {
    store(order)
  } finally {
    order.port.close()
    Atomics.store(order.signals, SIGNAL.left, 1)
    Atomics.notify(order.signals, SIGNAL.left)
  }
}

function store(order: StoreOrder): void {
  opened ??= new LmdbFolder(folder, 'here', TABLES_MAX)
  const root = opened
  // Each time: what has been dropped since must not be written to.
  const tables = new Map(order.tables.map(name => [name, openTable(root, name)]))
  root.transactionSync(() => {
    checkOwnerIs(tables.get(META)!, owner, folder)
    for (const part of received(order)) {
      const table = tables.get(tableOf(part))!
      eachPut(part, (key, bytes) => (bytes === undefined ? table.removeSync(key) : table.putSync(key, bytes)))
    }
  })
}

/** The parts as they come: a transaction of lmdb is one of a thread, which can do nothing else meanwhile. */
function* received({ port, signals }: StoreOrder): Generator<Part> {
  for (let taken = 0; ; taken++) {
    // It may be woken late, for what it has taken already.
    while (Atomics.load(signals, SIGNAL.woken) === taken) Atomics.wait(signals, SIGNAL.woken, taken)
    checkWanted(signals)
    const message = receiveMessageOnPort(port)?.message as StoreMessage
    if (message === END) return
    for (const part of message) {
      checkWanted(signals)
      yield part
    }
  }
}

function checkWanted(signals: Int32Array): void {
  if (Atomics.load(signals, SIGNAL.givenUp) !== 0) throw new PrescoreError('interrupted')
}

async function close(): Promise<void> {
  await opened?.close()
}

serveTasks({ perform, close })
