/**
 * The package as it is published: JavaScript in few files. Who measures what starts threads of its own takes it, since the hundreds of
 * source files take twice as long to start, and more memory, in each of them.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../.scratch/bench-package')
const MODULES = ['app.ts', 'batch/index.ts', 'dataset/index.ts', 'parquet/index.ts', 'release/index.ts'] as const

/** Builds it anew. */
export async function buildPublished(): Promise<void> {
  // What builds it is not for those who only run it.
  const { buildInto } = await import('../scripts/pack.ts')
  rmSync(FOLDER, { recursive: true, force: true })
  buildInto(FOLDER, MODULES)
}

/** The built file of a module of the sources, after {@link buildPublished}. */
export function publishedFile(module: (typeof MODULES)[number] | 'index.ts'): string {
  return join(FOLDER, 'dist', module.replaceAll('/', '-').replace(/\.ts$/, '.js'))
}
