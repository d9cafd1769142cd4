/** Models on servers are runtimes like any other: the shared suite, over real sockets, against our own server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { RUNTIMES } from '../../src/models/runtimes/index.ts'
import { testRuntime } from '../conformance/runtime.ts'
import { fixture } from './fixtures.ts'
import { remoteCases, serveModels } from './model-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-remote-'))
const server = await serveModels()
after(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

for (const kind of ['openInference', 'tfServing'] as const) {
  testRuntime(kind, {
    runtime: RUNTIMES[kind],
    cases: await remoteCases(kind, server.url, folder),
    broken: [fixture('expected.json'), fixture('no-such.json'), fixture('linear.onnx'), fixture('.')],
  })
}
