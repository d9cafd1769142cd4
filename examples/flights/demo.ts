/**
 * The main job on 3 million real flights, told step by step: `npm run demo`, or `npm run demo -- --keep` to leave the server up.
 * Every step is a command that you can type yourself in this folder.
 */
import { once } from 'node:events'
import { rename } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { lateFrom } from './outcome.ts'
import { prepare } from './prepare.ts'
import { prescore, Served, say, tell } from './shell.ts'

const folder = import.meta.dirname
const keep = process.argv.includes('--keep')
const started = performance.now()
/** Of the run that is served. */
let release = ''
const AS_OF = '2001-06-15T03:00:00-04:00'
const SIX = '2001-06-15T06:00:00-04:00'
const EIGHT = '2001-06-15T08:00:00-04:00'
const answers = (slot: string) => `/api/predictions/late/answers?${slot}`
const CHICAGO = 'origin=ORD&destination=EWR&hour=8'

say('\nFirst act: a day of answers, scored ahead at three in the morning')

await tell('Three million flights', async () => {
  const { flights } = await prepare()
  say(`${flights.toLocaleString('en-US')} real US flights of half a year, in data/flights.parquet.`)
  await prescore('check')
})

await tell('A training set: for each flight, what was known when it left', async () => {
  const month = ['--from', '2001-05-01T00:00:00-04:00', '--until', '2001-06-01T00:00:00-04:00']
  await prescore('dataset', 'late', ...month, '--sample', '0.1', '--out', 'data/late.parquet')
  say('(train.py trains the model on such a set; its file is in models/.)')
})

await tell('A release: features and model under one hash', () => prescore('release', 'late'))

await tell('A day of answers', () => prescore('run', 'late', '--as-of', AS_OF))

await tell('The same run again: nothing to do', () => prescore('run', 'late', '--as-of', AS_OF))

await tell('Answers over HTTP, as if it were six', async () => {
  const server = await Served.start('--now', SIX, '--port', '0')
  try {
    await server.ask(answers('origin=JFK&destination=LAX&hour=18'))
    await server.ask(answers('origin=ATL&destination=MCO&hour=7'))
    release = (await server.ask(answers(CHICAGO))).release as string
    await measure(`${server.url}${answers(CHICAGO)}`)
    await secondAct(server)
  } finally {
    await server.stop()
  }
})

await tell('A dead model: the release loses its file, and the server is started again', async () => {
  const model = join(folder, '.prescore/releases', release, 'model.onnx')
  await rename(model, `${model}.away`)
  try {
    const server = await Served.start('--now', EIGHT, '--until', SIX, '--port', '0')
    const { source, reason } = await server.ask(answers(CHICAGO))
    say(`\nThe ${source} answer, and it says why: ${(reason as { message: string }).message}`)
    await server.stop()
  } finally {
    await rename(`${model}.away`, model)
  }
})

await tell('The model is back: the server goes on from where its live features were', async () => {
  const server = await Served.start('--now', EIGHT, '--until', SIX, '--port', keep ? '8080' : '0')
  try {
    await server.live('late')
    await server.ask(answers(`${CHICAGO}&prefer=live`))
    if (keep) await server.stays()
  } finally {
    await server.stop()
  }
  say('The server has stopped.')
})

say(`\nDone in ${((performance.now() - started) / 1000).toFixed(0)} s. To go on, in examples/flights:
  npx prescore serve --now ${EIGHT}
  npx prescore get late origin=SFO destination=SEA hour=9 --now ${EIGHT} --explain
  npm run finding`)

/** What happened meanwhile arrives, and answers move. */
async function secondAct(server: Served): Promise<void> {
  say('\nSecond act: two hours of real flights arrive')
  await tell('From six to eight, as if live', async () => {
    await server.live('late')
    await prescore('replay', 'flights', '--from', SIX, '--to', EIGHT, '--url', server.url)
  })
  await tell('The same slot: what was stored says its age, what is live has read the last two hours', async () => {
    const stored = await server.ask(answers(`${CHICAGO}&maxAgeSeconds=86400`))
    const live = await server.ask(answers(CHICAGO))
    const { flights, late } = await lateFrom('ORD', '2001-06-15', 8)
    say(
      `\nAt three, few flights had just left Chicago, all of them delayed: ${chance(stored)}. At eight the airport runs well: ${chance(live)}.`,
    )
    say(`Of the ${flights} flights that then really left it between eight and nine, ${Math.round(100 * late)} % arrived late.`)
  })
  await tell('A slot that no batch had: answered live', async () => {
    await server.ask(answers('origin=ALB&destination=PHL&hour=9'))
  })
}

function chance({ value }: Record<string, unknown>): string {
  return `${Math.round(100 * (value as number))} %`
}

/** One client on one connection, one request after the other: what a lookup takes with all of HTTP around it. */
async function measure(url: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const times: number[] = []
  for (let i = 0; i < 6000; i++) {
    const before = performance.now()
    const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    times.push(performance.now() - before)
  }
  agent.destroy()
  const sorted = times.slice(1000).sort((a, b) => a - b)
  const at = (share: number) => ((sorted[Math.floor(share * sorted.length)] as number) * 1000).toFixed(0)
  say(`\n5,000 lookups, one after the other, with HTTP and this client's own time: median ${at(0.5)} µs, 99 % within ${at(0.99)} µs.`)
}
