import { memoryStore } from '../../src/stores/index.ts'
import { catalogSuite } from '../conformance/catalog.ts'
import { predictionStoreSuite, type StoreHarness } from '../conformance/prediction-store.ts'

const harness: StoreHarness = { open: () => memoryStore(), end: store => store.close() }

predictionStoreSuite('memory', harness)
catalogSuite('memory', harness)
