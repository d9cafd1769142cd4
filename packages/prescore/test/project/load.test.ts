/** The project file is found and imported, or the message says where it went wrong. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadProject } from '../../src/project/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-'))
after(() => rmSync(folder, { recursive: true }))
const face = new URL('../../src/index.ts', import.meta.url).href

/** A project file in a folder of its own: what was imported once would not be read again. */
function written(name: string, text: string, file = 'prescore.config.ts'): string {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, file), text)
  return join(folder, name)
}

const SOUND = `import { defineProject, events } from '${face}'
const flights: unknown = events({ files: 'x.parquet', columns: { at: 'timestamp' }, time: 'at' })
export default defineProject({ sources: { flights: flights as never }, predictions: {} })
`

test('by its folder, or by its own name, with paths relative to it', async () => {
  const place = written('sound', SOUND)
  const { definition, file, folder } = await loadProject(place)
  assert.deepEqual(Object.keys(definition.sources), ['flights'])
  assert.deepEqual({ file, folder }, { file: join(place, 'prescore.config.ts'), folder: place })
  const named = written('named', SOUND, 'other.mts')
  assert.equal((await loadProject(join(named, 'other.mts'))).folder, named)
})

test('in a folder of CommonJS, and with files that it imports', async () => {
  const place = written('commonjs', `import { sources } from './sources.ts'\n${SOUND.replace('sources: {', 'sources: { ...sources,')}`)
  written('commonjs', 'interface None {}\nexport const sources: None = {}\n', 'sources.ts')
  written('commonjs', '{ "type": "commonjs" }', 'package.json')
  assert.deepEqual(Object.keys((await loadProject(place)).definition.sources), ['flights'])
})

test('without a word on stderr', () => {
  const place = written('quiet', SOUND)
  const module = new URL('../../src/project/index.ts', import.meta.url).href
  const script = `import { loadProject } from '${module}'; console.log(Object.keys((await loadProject('${place}')).definition.sources))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.deepEqual([stdout.trim(), stderr], ["[ 'flights' ]", ''])
})

test('a JavaScript file does as well', async () => {
  const place = written('javascript', `export default { prescore: 1, definition: { sources: {}, predictions: {} } }`, 'prescore.config.mjs')
  assert.deepEqual((await loadProject(place)).definition, { sources: {}, predictions: {} })
})

test('no file', async () => {
  mkdirSync(join(folder, 'none'))
  await assert.rejects(loadProject(join(folder, 'none')), { code: 'project_not_found', message: /expected prescore\.config\.ts/ })
  await assert.rejects(loadProject(join(folder, 'none/my.config.ts')), { code: 'project_not_found', message: /my\.config\.ts/ })
})

const BAD: readonly (readonly [what: string, text: string, code: string, message: RegExp])[] = [
  ['syntax', 'const a = 1\nconst b = [1, 2\nexport default a\n', 'project_invalid', /prescore\.config\.ts, line 3; found /],
  ['enum', 'export default 1\n\nenum Colour { Red }\n', 'project_invalid', /prescore\.config\.ts, line 3; found .*enum/],
  [
    'throw',
    'const limits: number[] = []\nlimits[0]!.toFixed()\nexport default 1\n',
    'project_invalid',
    /prescore\.config\.ts, line 2; found .*undefined.*toFixed/,
  ],
  ['throws-text', 'throw "no luck"\n', 'project_invalid', /prescore\.config\.ts; found a throw of no luck/],
  ['missing', "import { x } from './missing.ts'\nexport default x\n", 'project_invalid', /found .*missing\.ts/],
  [
    'no-export',
    `import { defineProjekt } from '${face}'\nexport default defineProjekt({})\n`,
    'project_invalid',
    /line 1; found .*defineProjekt/,
  ],
  ['no-default', 'export const project = 1\n', 'project_invalid', /found no project as its default export/],
  ['null', 'export default null\n', 'project_invalid', /found no project as its default export/],
  [
    'definition',
    `import { defineProject, every } from '${face}'\n\nexport const weekly = every('7 days' as '7d')\nexport default defineProject({ sources: {}, predictions: {} })\n`,
    'invalid_window',
    /prescore\.config\.ts, line 3, every; found "7 days"/,
  ],
]

for (const [what, text, code, message] of BAD) {
  test(`a bad file: ${what}`, async () => {
    await assert.rejects(loadProject(written(`bad-${what}`, text)), (error: Error & { code: string }) => {
      assert.equal(error.code, code)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n|node:internal/)
      return true
    })
  })
}

test('a mistake in a file that the project imports is told of that file', async () => {
  const place = written('imports', "import './flights.ts'\nexport default 1\n")
  written('imports', '\nconst = 1\n', 'flights.ts')
  await assert.rejects(loadProject(place), { code: 'project_invalid', message: /flights\.ts, line 2; found / })
})
