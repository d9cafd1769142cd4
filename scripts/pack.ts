/**
 * Builds the package that is published: `npm run pack [-- FOLDER]` writes `prescore-<version>.tgz` into the folder (default: here) and
 * prints its path.
 *
 * In the repository everything runs from its TypeScript sources. Node strips no types below `node_modules`, so the published package
 * holds JavaScript, in few files, with declarations instead. It is staged in a folder of its own: what lies in the repository is never rewritten.
 * A bare `npm pack` would pack the sources: `.npmrc` lets it fail with what to run instead.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { buildSync } from 'esbuild'

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
    const manifest = buildInto(stage)
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs']) cpSync(join(ROOT, file), join(stage, file), { recursive: true })
    mkdirSync(into, { recursive: true })
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(into)], stage)
    return join(resolve(into), `prescore-${manifest.version}.tgz`)
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/**
 * Builds what is published into a folder within the repository: its manifest, and `dist`.
 * @param more modules of the sources that get a file of their own beside the package's ways in: for measures of what users start
 */
export function buildInto(folder: string, more: readonly string[] = []): Manifest {
  const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`)
  build(folder, manifest, more)
  return manifest
}

function build(stage: string, { exports, bin }: Manifest, more: readonly string[]): void {
  const src = join(PACKAGE, 'src')
  const dist = join(stage, 'dist')
  // Comments stand in the declarations, where editors look for them.
  compile(stage, src, { outDir: dist, declaration: true, emitDeclarationOnly: true })
  const compiled = join(stage, 'compiled')
  compile(stage, src, { outDir: compiled, removeComments: true })
  cpSync(src, compiled, { recursive: true, filter: path => !path.endsWith('.ts') })
  const faces = [...[...Object.values(exports), ...Object.values(bin)].filter(path => path.endsWith('.ts')).map(inSource), ...more]
  bundle(compiled, dist, faces)
  rmSync(compiled, { recursive: true })
  keepReached(dist)
  for (const file of globSync('**/*.d.ts', { cwd: dist })) freeOfNode(join(dist, file))
}

/**
 * Few files instead of hundreds, since each costs a command or a worker about half a millisecond before it does anything: one for each
 * way in, and what several share. They lie in one folder, so that what is named by a URL is beside who names it.
 */
function bundle(compiled: string, dist: string, faces: readonly string[]): void {
  const named = globSync('**/*.js', { cwd: compiled }).flatMap(file => flatten(compiled, join(compiled, file)))
  const programs = named.filter(path => path.endsWith('.js'))
  for (const path of named.filter(each => !each.endsWith('.js'))) cpSync(join(compiled, path), join(dist, flat(path)))
  buildSync({
    entryPoints: [...faces.map(path => path.replace(/\.ts$/, '.js')), ...programs].map(path => ({
      in: join(compiled, path),
      out: flat(path).replace(/\.js$/, ''),
    })),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    charset: 'utf8',
    chunkNames: '[name]-[hash]',
    outdir: dist,
    logLevel: 'error',
  })
}

/** Lets a file name what it names by a URL as that will lie beside it. @returns what is named, but for the manifest */
function flatten(compiled: string, file: string): readonly string[] {
  const named: string[] = []
  const text = readFileSync(file, 'utf8').replaceAll(
    /new URL\((['"])([^'"]+)\1, import\.meta\.url\)/g,
    (_, quote: string, path: string) => {
      const target = relative(compiled, resolve(dirname(file), path.replace(/\.ts$/, '.js'))).replaceAll('\\', '/')
      if (!target.startsWith('../')) named.push(target)
      return `new URL(${quote}${target.startsWith('../') ? target : `./${flat(target)}`}${quote}, import.meta.url)`
    },
  )
  writeFileSync(file, text)
  return named
}

/** The name of a file where all lie in one folder. */
function flat(path: string): string {
  return path.replaceAll('/', '-')
}

function inSource(path: string): string {
  return path.replace(/^\.\/src\//, '')
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
  for (const path of Object.values(manifest.exports)) follow(resolve(dist, inSource(path).replace(/\.ts$/, '.d.ts')))
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
  const built = (path: string): string => `./dist/${flat(inSource(path)).replace(/\.ts$/, '.js')}`
  const face = (path: string): string | object =>
    path.endsWith('.ts') ? { types: `./dist/${inSource(path).replace(/\.ts$/, '.d.ts')}`, default: built(path) } : path
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
