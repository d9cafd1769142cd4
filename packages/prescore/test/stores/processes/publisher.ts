/**
 * Publishes its own run, where it expects another (or none) to be published, and says whether it did: when it is told to, or at
 * once where nobody is there to tell it. Arguments: folder, run, the run that it expects.
 */
import { openStore } from '../../../src/stores/index.ts'

const [folder, run, expected = null] = process.argv.slice(2) as [string, string, string | undefined]
const store = openStore(folder)

function publish(): string {
  try {
    store.catalog.publish('late', run, expected)
    return 'published'
  } catch (error) {
    return (error as { code: string }).code
  }
}

if (process.send === undefined) console.log(publish())
else {
  process.once('message', () => {
    process.send?.({ outcome: publish() })
    process.disconnect()
  })
  process.send({ ready: true })
}
