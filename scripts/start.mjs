/**
 * Starts a program of this repository with a Node that can run it.
 *
 *   node scripts/start.mjs [--install] <file.ts> [arguments]
 *
 * The only file here that must run on Node 20 without any package: it finds the Node that `npm ci` puts beside the
 * packages (or takes the one it runs on, where there is none for the platform), and with --install it runs
 * `npm ci` first when packages are missing. Arguments, exit code and signals are passed through.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')

/** Why the packages cannot be used as they are, or undefined if they can. npm writes its own lock last, so a torn install has none. */
function installProblem() {
  const installedLock = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedLock)) return 'the packages are not installed'
  const installed = readJson(installedLock).packages
  const wanted = Object.entries(readJson(join(root, 'package-lock.json')).packages).filter(([path]) => path.startsWith('node_modules/'))
  for (const [path, { version, link, optional }] of wanted) {
    if (optional && installed[path] === undefined) continue
    if (!link && installed[path]?.version !== version) return `${path} is not at ${version}`
    if (!existsSync(join(root, path, 'package.json'))) return `${path} is not there`
  }
  return undefined
}

function install(reason) {
  console.error(`prescore: ${reason}; running npm ci …`)
  const npm = process.env.npm_execpath
  // npm's own output goes to stderr: stdout belongs to the program that is started.
  const stdio = ['ignore', 2, 2]
  const { status } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, 'ci', '--loglevel=error'], { cwd: root, stdio })
    : spawnSync('npm', ['ci', '--loglevel=error'], { cwd: root, stdio, shell: process.platform === 'win32' })
  if (status !== 0) stop(`npm ci failed; mend what it says and try again.`)
}

/** The pinned Node where the platform has one, else the one that runs this. */
function findNode() {
  const [major, minor] = readJson(join(root, 'packages/prescore/package.json')).engines.node.match(/\d+/g).map(Number)
  const fits = version => {
    const [x, y] = version.match(/\d+/g).map(Number)
    return x > major || (x === major && y >= minor)
  }
  const pinned = join(bin, 'node')
  if (existsSync(pinned)) {
    if (realpathSync(pinned) === process.execPath) return process.execPath
    const { stdout } = spawnSync(pinned, ['--version'], { encoding: 'utf8' })
    if (stdout && fits(stdout)) return pinned
  }
  if (fits(process.version)) return process.execPath
  return stop(
    `Node ${process.version} is too old and there is no packaged Node for ${process.platform}-${process.arch} here. ` +
      `Run npm ci; if that does not help, install Node ${major}.${minor} or later.`,
  )
}

function run(node, args) {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }
  const child = spawn(node, args, { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to the child as well; a second one would mean "now".
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  process.on('SIGINT', () => terminal || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => stop(`${node} cannot be started: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

function stop(message) {
  console.error(`prescore: ${message}`)
  return process.exit(1)
}

const [first, ...rest] = process.argv.slice(2)
const args = first === '--install' ? rest : [first, ...rest]
if (args[0] === undefined) stop('usage: node scripts/start.mjs [--install] <file.ts> [arguments]')
const problem = installProblem()
if (problem !== undefined) first === '--install' ? install(problem) : stop(`${problem}. Run npm ci.`)
run(findNode(), [join(root, args[0]), ...args.slice(1)])
