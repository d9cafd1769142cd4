/**
 * `prescore __names prediction|source [words]`: names of the project, one a line, for the completion of the words that were typed.
 * It is quick, as it loads the project file and nothing else, and never heard: where there are none, for whatever reason, it
 * prints none and exits 0.
 */
import { loadProject, type ProjectDefinition } from '../project/index.ts'

/** Nobody waits longer for a completion. */
const PATIENCE_MS = 3_000
/** Others are no names that a project may have, and no word to a shell. */
const NAME = /^[A-Za-z]\w*$/

const [, , , kind, ...words] = process.argv

// A project file may print, fail, or never end: on stdout there are names or nothing.
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = () => true
process.stderr.write = () => true
process.on('uncaughtException', () => process.exit(0))
process.on('exit', () => {
  process.exitCode = 0
})
setTimeout(() => process.exit(0), PATIENCE_MS)

const names = await loadProject(projectOf(words)).then(
  ({ definition }) => namesOf(definition).filter(name => NAME.test(name)),
  () => [],
)
write(names.map(name => `${name}\n`).join(''), () => process.exit(0))

/** As the words have it; Bash breaks them at `=`. */
function projectOf(typed: readonly string[]): string {
  const at = typed.lastIndexOf('--project')
  const joined = typed.findLast(word => word.startsWith('--project='))?.slice('--project='.length)
  const value = at === -1 ? joined : typed[at + 1] === '=' ? typed[at + 2] : typed[at + 1]
  return value === undefined || value === '' ? '.' : value
}

function namesOf({ predictions, sources }: ProjectDefinition): string[] {
  if (kind === 'prediction') return Object.keys(predictions)
  return Object.keys(sources).filter(name => sources[name]?.type === 'events')
}
