/** Exits while another thread stores: in the middle of what is put together, or of what was handed over. */
import { Environment } from '../../../src/online/environment.ts'
import { Puts } from '../../../src/online/puts.ts'

const [folder = '', isEnded = ''] = process.argv.slice(2)
const environment = Environment.open(folder)
environment.table('group')
const puts = new Puts('group:group')
for (let i = 0; i < 50_000; i++) puts.add(Buffer.from(`key ${i}`), Buffer.alloc(200))
const begun = environment.begin(['group'], true, () => {})
begun.add(puts.take())
if (isEnded === 'ended') void begun.end()
setTimeout(() => process.exit(7), 150)
