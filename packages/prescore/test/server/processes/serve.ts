/** A server in a process of its own, over the store in a folder. Argument: folder. */
import { openStore } from '../../../src/stores/index.ts'
import { build, CUSTOMER, predictionOf } from '../house.ts'

const store = openStore(process.argv[2] as string)
const { server } = build([predictionOf('score', CUSTOMER)], store)
const { url } = await server.start()
process.once('message', () => {
  void server.stop().then(async () => {
    await store.close()
    process.disconnect()
  })
})
process.send?.({ url })
