/** Resolves one key over and over, as a server does, and sends each answer that differs from the last one, until it is told to end. */

import { Resolver } from '../../../src/resolve/index.ts'
import { openStore } from '../../../src/stores/index.ts'
import { answered } from '../../resolve/answered.ts'
import { late } from '../late.ts'

const store = openStore(process.argv[2] as string)
const resolver = new Resolver({ prediction: late, store })
let isEnding = false
let last: string | undefined

function look(): void {
  const answers = [0, 7, 999].map(flight => {
    const { valueText, provenance } = answered(resolver.answer({ flight }))
    return { value: JSON.parse(valueText), asOf: provenance.asOf, run: provenance.run }
  })
  const seen = JSON.stringify(answers)
  if (seen !== last) process.send?.({ answers })
  last = seen
  if (isEnding) end()
  else setImmediate(look)
}

function end(): void {
  resolver.close()
  void store.close()
  process.disconnect()
}

process.on('message', () => {
  isEnding = true
})
look()
