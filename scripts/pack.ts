/**
 * Builds the package that is published: `npm run pack [-- FOLDER]` writes `prescore-<version>.tgz` into the folder (default: here) and
 * prints its path.
 *
 * In the repository everything runs from its TypeScript sources. Node strips no types below `node_modules`, so the published package
 * holds JavaScript with declarations instead. It is staged in a folder of its own: what lies in the repository is never rewritten.
 * A bare `npm pack` would pack the sources: `.npmrc` lets it fail with what to run instead.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { transformSync } from 'esbuild'

const ROOT = resolve(import.meta.dirname, '..')
const PACKAGE = join(ROOT, 'packages/prescore')

type Exports = Readonly<Record<string, string>>
interface Manifest {
  /** The sources cannot be published as they are. */
  readonly private?: boolean
  readonly scripts?: object
  readonly version: string
  readonly exports: Exports
  readonly bin: Exports
}

/** @returns the path of the tarball. */
export function pack(into: string): string {
  mkdirSync(join(ROOT, '.scratch'), { recursive: true })
  const stage = mkdtempSync(join(ROOT, '.scratch', 'pack-'))
  try {
    build(stage)
    const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs']) cpSync(join(ROOT, file), join(stage, file), { recursive: true })
    mkdirSync(into, { recursive: true })
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(into)], stage)
    return join(resolve(into), `prescore-${manifest.version}.tgz`)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

function build(stage: string): void {
  const src = join(PACKAGE, 'src')
  const dist = join(stage, 'dist')
  // Comments stand in the declarations, where editors look for them.
  compile(stage, src, { outDir: dist, declaration: true, emitDeclarationOnly: true })
  compile(stage, src, { outDir: dist, removeComments: true })
  for (const file of globSync('**/*.json', { cwd: src })) {
    mkdirSync(dirname(join(dist, file)), { recursive: true })
    cpSync(join(src, file), join(dist, file))
  }
  for (const file of globSync('**/*.js', { cwd: dist })) {
    renameWorkers(join(dist, file))
    indent(join(dist, file))
  }
  keepReached(dist)
  for (const file of globSync('**/*.d.ts', { cwd: dist })) freeOfNode(join(dist, file))
}

function compile(stage: string, src: string, emit: object): void {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      rewriteRelativeImportExtensions: true,
      rootDir: src,
      typeRoots: [join(ROOT, 'node_modules/@types')],
      ...emit,
    },
    include: [src],
    exclude: [],
  }
  writeFileSync(join(stage, 'tsconfig.json'), JSON.stringify(config))
  run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', stage], ROOT)
  rmSync(join(stage, 'tsconfig.json'))
}

/** The compiler renames what is imported; threads are started by the URL of their file. */
function renameWorkers(file: string): void {
  rewrite(file, /new URL\((['"])([^'"]+)\.ts\1, import\.meta\.url\)/g, 'new URL($1$2.js$1, import.meta.url)')
}

/** The compiler indents by four spaces, which would be a tenth of the package. */
function indent(file: string): void {
  const { code } = transformSync(readFileSync(file, 'utf8'), { format: 'esm', target: 'node22', charset: 'utf8' })
  writeFileSync(file, code)
}

/** Declarations that no face of the package leads to are of no use to anyone. */
function keepReached(dist: string): void {
  const reached = new Set<string>()
  const follow = (file: string): void => {
    if (reached.has(file) || !existsSync(file)) return
    reached.add(file)
    for (const [, from = ''] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*["'](\.[^"']+)["']/g))
      follow(resolve(dirname(file), from.replace(/\.[jt]s$/, '.d.ts')))
  }
  const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest
  for (const path of Object.values(manifest.exports)) follow(resolve(dist, path.replace(/^\.\/src\//, '').replace(/\.ts$/, '.d.ts')))
  for (const file of globSync('**/*.d.ts', { cwd: dist })) if (!reached.has(resolve(dist, file))) rmSync(join(dist, file))
}

/** Declarations are read without the types of Node as well: what is given as a Buffer is promised as bytes. */
function freeOfNode(file: string): void {
  rewrite(file, /\bBuffer\b/g, 'Uint8Array')
}

function rewrite(file: string, from: RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  const rewritten = text.replaceAll(from, to)
  if (rewritten !== text) writeFileSync(file, rewritten)
}

/** The manifest with what was built in the place of the sources. */
function published(manifest: Manifest): object {
  const built = (path: string): string => path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js')
  const face = (path: string): string | object =>
    path.endsWith('.ts') ? { types: built(path).replace(/\.js$/, '.d.ts'), default: built(path) } : path
  const { private: _, scripts: __, ...rest } = manifest
  return {
    ...rest,
    description: 'Score ahead of time. Predict live only where it matters. One definition, the same bits everywhere.',
    exports: mapped(manifest.exports, face),
    bin: mapped(manifest.bin, built),
    files: ['dist', 'docs', 'CHANGELOG.md'],
  }
}

function mapped<T>(record: Exports, change: (path: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, path]) => [name, change(path)]))
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`)
}

if (process.argv[1] === import.meta.filename) console.log(pack(process.argv[2] ?? process.env.INIT_CWD ?? '.'))
