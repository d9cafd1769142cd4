/** Compiles the TypeScript of documents as a user's files that import `prescore`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Block } from './blocks.ts'

const CONFIG = {
  extends: '../../tsconfig.json',
  compilerOptions: { moduleDetection: 'force', noUnusedLocals: false, noUnusedParameters: false },
  include: ['*.ts'],
  exclude: [],
}

/** @returns what the compiler says, with the lines of the documents; nothing if all is well. */
export function compileProblems(root: string, blocks: readonly Block[]): string[] {
  mkdirSync(join(root, '.scratch'), { recursive: true })
  const folder = mkdtempSync(join(root, '.scratch', 'compile-'))
  try {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
    // As many empty lines before the block as the document has, so that the compiler's line numbers are the document's.
    for (const [i, { line, text }] of blocks.entries()) writeFileSync(join(folder, `block-${i}.ts`), '\n'.repeat(line - 1) + text)
    const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', '.', '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status === 0) return []
    const lines = `${stdout}${stderr}`.split('\n').filter(line => line !== '')
    return lines.map(line => line.replace(/^block-(\d+)\.ts\((\d+),\d+\)/, (_, i, at) => `${blocks[Number(i)]?.file}:${at}`))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
