/** What programs import from the installed package: the parts by their own paths, and types that hold everywhere. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { blocksOf } from '../docs/blocks.ts'
import { type Packed, prescoreIn, ROOT, run } from './installed.ts'

const TSC = join(ROOT, 'node_modules/.bin/tsc')

const USER = `import { defineProject, type Embedded, open, PrescoreError } from 'prescore'
import { type Answer, ClientError, createClient } from 'prescore/client'
import { inspectModel, type ModelRunner, openModel, serveModel } from 'prescore/runtimes'
import { decodeKey, encodeKey, memoryStore, openStore, type Store, type StoredRun } from 'prescore/stores'

export type All = [Answer, Embedded, ModelRunner, Store, StoredRun]
export const values = { ClientError, createClient, decodeKey, defineProject, encodeKey, inspectModel, memoryStore, open, openModel, openStore, PrescoreError, serveModel }
export const bytes: Uint8Array = encodeKey({ customer: 'string' }, { customer: 'c7' })
`

/** The program of a document that imports the given path. */
function programOf(document: string, path: string): string {
  const blocks = blocksOf(document, readFileSync(join(ROOT, 'docs', document), 'utf8'))
  return blocks.find(({ text }) => text.includes(`from '${path}'`))?.text ?? assert.fail(`no program imports ${path}`)
}

/** @param packed its sample project is at `my-project`, and was run. */
export function faces(packed: () => Packed): void {
  describe('what programs import', () => {
    const runs = (document: string, path: string): unknown => {
      const { home } = packed()
      const file = join(home, `${path.replace('/', '-')}.ts`)
      writeFileSync(file, programOf(document, path))
      return JSON.parse(run(home, process.execPath, ['--experimental-strip-types', '--no-warnings', file]))
    }

    test('prescore/stores: the program of the docs finds the published run and its value', () => {
      const answer = JSON.parse(prescoreIn(packed(), join(packed().home, 'my-project'), 'get', 'spend', 'c7', '--json')) as {
        value: number
        run: string
        asOf: string
      }
      const found = runs('embedding.md', 'prescore/stores') as { run: string; asOf: string; keys: number; value: string }
      assert.deepEqual([found.run, found.value], [answer.run, String(answer.value)])
      assert.equal(Date.parse(found.asOf), Math.floor(Date.parse(answer.asOf)))
      assert.ok(found.keys > 1)
    })

    test('prescore/runtimes: the program of the docs scores two rows', () => {
      const [first = 0, second = 0, ...others] = runs('embedding.md', 'prescore/runtimes') as number[]
      assert.deepEqual([first.toFixed(3), second.toFixed(3), others], ['22.650', '9.200', []])
    })

    test('trees are not taken for what is none', () => {
      const script = `const { openModel } = await import('prescore/runtimes')
        await openModel({ file: 'my-project/models/spend.onnx', features: ['a', 'b', 'c', 'd', 'e'], runtime: 'trees' }).catch(error => console.log(error.code))`
      assert.equal(run(packed().home, process.execPath, ['--input-type=module', '-e', script]).trim(), 'not_supported')
    })

    for (const [module, moduleResolution] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])
      test(`types compile under ${moduleResolution}: strict, libraries checked, without the types of Node`, () => {
        const folder = join(packed().home, `types-${moduleResolution}`)
        mkdirSync(folder)
        const compilerOptions = { target: 'es2024', module, moduleResolution, strict: true, skipLibCheck: false, noEmit: true, types: [] }
        writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }))
        writeFileSync(join(folder, 'user.ts'), USER)
        run(folder, TSC, ['-p', '.'])
        writeFileSync(join(folder, 'user.ts'), USER.replace("customer: 'c7'", 'customer: true'))
        const { status, stdout } = spawnSync(TSC, ['-p', '.'], { cwd: folder, encoding: 'utf8' })
        assert.notEqual(status, 0)
        assert.match(stdout, /user\.ts\(8,.*'boolean'/)
      })
  })
}
