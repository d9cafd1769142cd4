/** One run in rounds, as a process that can be killed. `rounds-process.ts FOLDER STATE` */
import { KEYS_AT_ONCE, runInRounds, SHARDS } from './rounds-shop.ts'

const [folder = '', state = ''] = process.argv.slice(2)
await runInRounds(folder, state, shop => shop.run({ keysAtOnce: KEYS_AT_ONCE, shards: SHARDS, threads: 2 }))
