/** What is published: packed as for the registry, installed beside a project of its own, and walked through as `docs/start.md` says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { faces } from './faces.ts'
import { type Packed, packed, ROOT, removed, run } from './installed.ts'
import { walkThroughs } from './walk-through.ts'
import { withoutOnnxRuntime } from './without-onnx-runtime.ts'

const NPM = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
const BYTES_MAX = 2_500_000
let place: Packed
let home: string
let installed: string

before(() => {
  place = packed()
  ;({ home, installed } = place)
})
after(() => removed(place))

test('it holds what it names, and nothing of the repository', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>
    bin: Record<string, string>
    engines: { node: string }
  }
  const faces = Object.values(manifest.exports).flatMap(each => (typeof each === 'string' ? [each] : [each.types, each.default]))
  for (const file of [...faces, ...Object.values(manifest.bin), 'README.md', 'LICENSE', 'docs/start.md']) {
    assert.ok(existsSync(join(installed, file)), file)
  }
  assert.deepEqual(Object.keys(manifest.bin), ['prescore'])
  assert.match(readFileSync(join(installed, manifest.bin.prescore as string), 'utf8'), /^#!\/usr\/bin\/env node\n/)
  const files = globSync('**/*', { cwd: installed }).filter(file => statSync(join(installed, file)).isFile())
  const sources = files.filter(file => /\.ts$/.test(file) && !file.endsWith('.d.ts'))
  assert.deepEqual([...sources, ...files.filter(file => /\btests?\b/.test(file))], [])
  const bytes = files.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0)
  assert.ok(bytes < BYTES_MAX, `${bytes} bytes`)
})

test('every file that its code names by a URL is there', () => {
  let named = 0
  for (const file of globSync('dist/**/*.js', { cwd: installed })) {
    const text = readFileSync(join(installed, file), 'utf8')
    for (const [, path = ''] of text.matchAll(/new URL\(['"]([^'"]+)['"], import\.meta\.url\)/g)) {
      assert.ok(existsSync(join(installed, dirname(file), path)), `${file} names ${path}`)
      named++
    }
  }
  assert.ok(named > 0)
})

walkThroughs(() => place)
faces(() => place)

test('an older Node is told so, in a sentence', () => {
  const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })'
  const { status, stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${older}`, place.main, 'check'], {
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /^prescore needs Node 22\.22 or later, and this is 20\.20\.2: .*\n$/)
})

test('a project answers where Node does not strip types', () => {
  cpSync(join(home, 'my-project'), join(home, 'unstripped'), { recursive: true })
  const off = process.allowedNodeEnvironmentFlags.has('--no-strip-types') ? '--no-strip-types' : '--no-experimental-strip-types'
  assert.match(run(join(home, 'unstripped'), process.execPath, [off, place.main, 'check']), /^No problems/)
})

test('the client is imported by its own path, and brings nothing along', () => {
  const script = "const { createClient } = await import('prescore/client'); console.log(typeof createClient({ url: 'http://x' }).answer)"
  assert.equal(run(join(home, 'my-project'), process.execPath, ['--input-type=module', '-e', script]).trim(), 'function')
})

test('its types serve a project that imports it', () => {
  run(join(home, 'my-project'), join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'])
  const mistake = "import { entity } from 'prescore'\nexport const wrong = entity({ customer: 'text' })\n"
  writeFileSync(join(home, 'my-project/mistake.ts'), mistake)
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'], {
    cwd: join(home, 'my-project'),
    encoding: 'utf8',
  })
  assert.notEqual(status, 0)
  assert.match(stdout, /mistake\.ts\(2,\d+\).*"text"/)
})

test('npm pack of the sources is refused with what to run instead', () => {
  const cwd = join(ROOT, 'packages/prescore')
  const { status, stderr } = spawnSync('npm', ['pack'], { cwd, encoding: 'utf8' })
  assert.notEqual(status, 0)
  assert.match(stderr, /these are sources: `npm run pack` builds the package/)
  assert.deepEqual(globSync('*.tgz', { cwd }), [])
})

test('npm installs it in an empty folder, without scripts', {
  skip: process.env.PRESCORE_FULL === undefined && 'npm copies 400 MB of dependencies: PRESCORE_FULL=1',
}, () => {
  const empty = mkdtempSync(join(tmpdir(), 'prescore-install-'))
  try {
    writeFileSync(join(empty, 'package.json'), '{"private":true,"type":"module"}')
    const env = { ...process.env, npm_config_cache: process.env.npm_config_cache }
    run(empty, 'npm', ['install', ...NPM, place.tarball], env)
    assert.deepEqual([existsSync(join(empty, 'node_modules/onnxruntime-node')), existsSync(join(empty, 'node_modules/pg'))], [false, false])
    run(empty, join(empty, 'node_modules/.bin/prescore'), ['init', 'mine'])
    run(empty, 'npm', ['install', ...NPM, 'onnxruntime-node'], env)
    for (const command of [['check'], ['run', 'spend'], ['get', 'spend', 'c7']])
      run(join(empty, 'mine'), join(empty, 'node_modules/.bin/prescore'), command)
  } finally {
    rmSync(empty, { recursive: true, force: true })
  }
})

withoutOnnxRuntime(() => place)
