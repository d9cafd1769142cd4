/** `npm run bench [-- suite …] [--json]` */
import './compile-cache.ts'
import { main } from './harness.ts'
import './batch.ts'
import './dataset.ts'
import './kernel.ts'
import './live.ts'
import './live-state.ts'
import './lookup.ts'
import './protocols.ts'
import './scoring.ts'
import './trees.ts'

process.exitCode = await main(process.argv.slice(2))
