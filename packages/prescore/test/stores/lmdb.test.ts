import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '../../src/stores/index.ts'
import { catalogSuite } from '../conformance/catalog.ts'
import { predictionStoreSuite, type StoreHarness } from '../conformance/prediction-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-lmdb-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
const harness: StoreHarness = {
  open: () => openStore(join(folder, String(count++))),
  end: async store => {
    assert.ok(store.predictions.capabilities.durable)
    await store.close()
  },
}

predictionStoreSuite('lmdb', harness)
catalogSuite('lmdb', harness)
