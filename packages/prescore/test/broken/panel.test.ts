/**
 * A panel of broken projects and data files: what `prescore check` says of each. The whole output is `panel.txt`, which is read by
 * people: a change of it is a change of what users are told. `PRESCORE_GOLDEN=write` writes it anew.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { App } from '../../src/app.ts'
import { asPrescoreError, ERRORS } from '../../src/base/index.ts'
import { failureText, problemText } from '../../src/cli/terminal.ts'
import { checkAll } from '../../src/release/index.ts'
import { prescore } from '../cli/process.ts'
import { scratchFolder } from '../init/folder.ts'
import { Place } from '../parquet/place.ts'
import { type BrokenCase, GROUPS } from './cases.ts'
import { type Files, SOUND, writeFiles } from './sound.ts'

const GOLDEN = join(import.meta.dirname, 'panel.txt')
const CASES = Object.values(GROUPS).flat()
const scratch = scratchFolder()
const place = await Place.open()

async function made({ files, parquet = {} }: BrokenCase, name: string): Promise<string> {
  const folder = join(scratch, name)
  mkdirSync(folder)
  const all = Object.entries({ ...SOUND, ...files }).filter(([, content]) => content !== undefined)
  writeFiles(folder, Object.fromEntries(all) as Files)
  for (const [file, sql] of Object.entries(parquet)) await place.query(`COPY (${sql}) TO '${join(folder, file)}' (FORMAT parquet)`)
  return folder
}

/** What the command prints, as the command line does. */
async function said(broken: BrokenCase, name: string): Promise<string> {
  const folder = await made(broken, name)
  const text = broken.command === undefined ? await checked(folder) : await commanded(folder, broken.command)
  return text.replaceAll(`${folder}/`, '').replaceAll(folder, 'the folder').trimEnd()
}

async function commanded(folder: string, command: readonly string[]): Promise<string> {
  const { code, stderr, stdout } = await prescore(command, { cwd: folder })
  assert.notEqual(code, 0, stdout)
  return stderr
}

async function checked(folder: string): Promise<string> {
  let app: App | undefined
  try {
    app = await App.open({ project: folder, threads: 1 })
    const problems = await checkAll(await app.database(), app.loaded)
    return problems.map(each => problemText(each)).join('\n')
  } catch (error) {
    return failureText(asPrescoreError(error), process.stdout)
  } finally {
    await app?.close()
  }
}

test('the project that is broken is sound', async () => {
  assert.equal(await said({ title: 'sound', files: {} }, 'sound'), '')
})

test('each message says where, what was found, what was expected, and what to do', async t => {
  assert.ok(CASES.length >= 60, `${CASES.length} cases`)
  const sections: string[] = []
  let number = 0
  for (const [group, cases] of Object.entries(GROUPS)) {
    sections.push(`${'='.repeat(8)} ${group} ${'='.repeat(8)}`)
    for (const broken of cases) {
      const text = await said(broken, `case-${++number}`)
      await t.test(broken.title, () => assertTeaches(text))
      sections.push(`-- ${broken.title}\n${text}`)
    }
  }
  const panel = `${sections.join('\n\n')}\n`
  if (process.env.PRESCORE_GOLDEN === 'write') writeFileSync(GOLDEN, panel)
  else assert.equal(panel, readFileSync(GOLDEN, 'utf8'), 'read what changed, then run this test with PRESCORE_GOLDEN=write')
})

/** No defect, no stack, no path of this machine; a known code, something found, and a remedy that is a sentence. */
function assertTeaches(text: string): void {
  assert.match(text, /^(?:error|warning) \w+/)
  assert.doesNotMatch(text, /error internal|node:internal|\n\s+at .*:\d+:\d+|(?:found|expected) +undefined|\[object/)
  for (const [, code = ''] of text.matchAll(/^(?:error|warning) (\w+)/gm)) assert.ok(Object.hasOwn(ERRORS, code), code)
  assert.match(text, /found|→/)
  for (const [, fix = ''] of text.matchAll(/→ (.+)$/gm)) assert.match(fix, /^[A-Z].{8,}[.)?`'"]$/, fix)
}
