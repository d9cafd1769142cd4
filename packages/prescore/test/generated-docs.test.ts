/** The pages that are made from the code say what the code says: `node scripts/generate-docs.ts` writes them anew. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generatedPages } from '../../../scripts/generated-pages.ts'

for (const [name, expected] of generatedPages()) {
  test(`docs/${name} is what the code makes of it`, () => {
    const written = readFileSync(join(import.meta.dirname, '../../../docs', name), 'utf8')
    assert.equal(written, expected, `docs/${name} is out of date: run \`node scripts/generate-docs.ts\``)
  })
}

test('every error that the checks of a project find stands in the reference of the project file', () => {
  const root = join(import.meta.dirname, '../../..')
  const [, reference = ''] = readFileSync(join(root, 'docs/project.md'), 'utf8').split('## Reference')
  const checks = globSync('packages/prescore/src/project/check/*.ts', { cwd: root }).map(file => readFileSync(join(root, file), 'utf8'))
  const raised = checks.flatMap(text => [...text.matchAll(/\.(?:add|warn)\(\s*'(\w+)'/g)].map(([, code]) => code as string))
  assert.ok(raised.length > 50)
  const missing = [...new Set(raised)].filter(code => !reference.includes(`\`${code}\``))
  assert.deepEqual(missing, [], 'add them as `@error` to the doc comment of the member that they are about')
})
