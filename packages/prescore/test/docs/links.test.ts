/** Links between the documents lead to files and headings that are there, and no page is without a way to it. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../../../..')
const DOCUMENTS = ['README.md', ...globSync(['ARCHITECTURE.md', 'docs/*.md', 'examples/*/*.md'], { cwd: ROOT }).sort()]

interface Link {
  readonly from: string
  readonly line: number
  readonly file: string
  readonly anchor: string | undefined
}

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const links = DOCUMENTS.flatMap(linksOf)

function linksOf(from: string): Link[] {
  const withoutCode = textOf(from).replaceAll(/^```[\s\S]*?^```/gm, code => code.replaceAll(/[^\n]/g, ''))
  return withoutCode.split('\n').flatMap((text, i) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return []
      const [path = '', anchor] = target.split('#')
      return [{ from, line: i + 1, file: path === '' ? from : normalize(join(dirname(from), path)), anchor }]
    }),
  )
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  const headings = textOf(file).matchAll(/^#+ (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test('every link leads somewhere', () => {
  assert.ok(links.length > 50)
  const dead = links.filter(({ file, anchor }) => !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchorsOf(file).has(anchor)))
  assert.deepEqual(
    dead.map(({ from, line, file, anchor }) => `${from}:${line}: ${file}${anchor === undefined ? '' : `#${anchor}`}`),
    [],
  )
})

test('every page is linked from another one', () => {
  const pages = DOCUMENTS.filter(file => file.startsWith('docs/'))
  assert.deepEqual(
    pages.filter(page => !links.some(({ file, from }) => file === page && from !== page)),
    [],
  )
})
