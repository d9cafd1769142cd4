/**
 * What a document asks for, block by block.
 *
 *   ts      is compiled
 *   sh      is run, command by command, in a copy of the example; `prescore serve` goes on beside what follows
 *   text    after `<!-- output -->` is what the sh block before it prints to stdout: `…` stands for anything within a
 *           line, a line of `…` alone for any lines
 *
 * `<!-- data: flights -->` before a sh block means that the example's data must be there first. Before any block,
 * `<!-- file: path -->` writes it to that file of the copy, `<!-- run by: test file -->` says that this test runs it, and
 * `<!-- not run: reason -->` that nothing does. A block inside of a comment runs unseen.
 */
import type { Block } from './blocks.ts'

export interface RunStep {
  readonly kind: 'run'
  readonly block: Block
  readonly commands: readonly string[]
  /** To be run first, whatever it prints. */
  readonly before?: string
  readonly output?: Block
}

export interface WriteStep {
  readonly kind: 'write'
  readonly block: Block
  readonly path: string
}

export type Step =
  | { readonly kind: 'compile'; readonly block: Block }
  | RunStep
  | WriteStep
  /** `test` is relative to the repository, and reads the document. */
  | { readonly kind: 'elsewhere'; readonly block: Block; readonly test: string }
  | { readonly kind: 'excused'; readonly block: Block; readonly reason: string }
  | { readonly kind: 'refused'; readonly block: Block; readonly problem: string }

/** Names of npm scripts: of the repository, which are known to exist, and of the example, which are run. */
export interface Scripts {
  readonly root: readonly string[]
  readonly example: readonly string[]
}

const DATA = 'data: flights'
const PREPARE = 'prepare-data'

/** Shown as they are: there is nothing to run. */
const PASSIVE = ['text', 'json', 'jsonc', 'http', 'sql', 'mermaid', 'yaml']

export function stepsOf(blocks: readonly Block[], scripts: Scripts): Step[] {
  return blocks.flatMap((block, i): Step[] => {
    if (block.comment === 'output')
      return isOutput(block, blocks[i - 1]) ? [] : [refuse(block, 'an output must be a text block after a sh block')]
    const file = /^file: (\S+)$/.exec(block.comment ?? '')?.[1]
    if (file !== undefined) return writeSteps(block, file)
    if (PASSIVE.includes(block.language)) return []
    const test = /^run by: (\S+)$/.exec(block.comment ?? '')?.[1]
    if (test !== undefined) return [{ kind: 'elsewhere', block, test }]
    const excuse = block.comment === undefined ? null : /^not run(?::\s*([\s\S]*))?$/.exec(block.comment)
    if (excuse !== null)
      return [excuse[1] ? { kind: 'excused', block, reason: excuse[1] } : refuse(block, 'it says not run without a reason')]
    if (block.language === 'ts') return [{ kind: 'compile', block }]
    if (block.language === 'sh') return [runStep(block, blocks[i + 1], scripts)]
    return [refuse(block, `its language is '${block.language}': use ts or sh, which are tested, or one of ${PASSIVE.join(', ')}`)]
  })
}

/** A file of TypeScript is compiled, too. */
function writeSteps(block: Block, path: string): Step[] {
  if (path.startsWith('/') || path.split('/').includes('..')) return [refuse(block, `it is written to '${path}', outside of the copy`)]
  const write: Step = { kind: 'write', block, path }
  return block.language === 'ts' ? [{ kind: 'compile', block }, write] : [write]
}

function isOutput(block: Block, before: Block | undefined): boolean {
  return block.language === 'text' && before?.language === 'sh'
}

function refuse(block: Block, problem: string): Step {
  return { kind: 'refused', block, problem }
}

function runStep(block: Block, next: Block | undefined, scripts: Scripts): Step {
  const commands = commandsOf(block.text)
  const refused = commands.flatMap(command => refusal(command, scripts) ?? [])
  if (refused[0] !== undefined) return refuse(block, refused[0])
  if (block.comment === DATA && !scripts.example.includes(PREPARE)) return refuse(block, `the example has no npm script '${PREPARE}'`)
  const run = commands.filter(command => !isKnown(command, scripts))
  const step: RunStep = { kind: 'run', block, commands: run, ...(block.comment === DATA && { before: `npm run ${PREPARE}` }) }
  if (next?.comment !== 'output') return step
  if (run.length === 0) return refuse(block, 'its command is not run here, so its output cannot be compared')
  return { ...step, output: next }
}

/** Commands, one a line; a backslash or an open quote at the end of a line goes on with the next. */
export function commandsOf(text: string): string[] {
  const commands: string[] = []
  let open = ''
  for (const line of text.split('\n')) {
    open += open === '' ? line.trim() : line
    const quotesLeft = open.replaceAll(/'[^']*'|"(?:\\.|[^"\\])*"/g, '')
    if (open.endsWith('\\') || /['"]/.test(quotesLeft)) open += '\n'
    else {
      if (open !== '' && !open.startsWith('#')) commands.push(open)
      open = ''
    }
  }
  return open === '' ? commands : [...commands, open.trim()]
}

/** The npm script that a command runs, if it does. */
function scriptOf(command: string): string | undefined {
  const [, script] = /^npm (?:run ([\w:-]+)|(?:ci?t|test)\b)/.exec(command) ?? ['', undefined]
  return script ?? (/^npm (?:ci?t|test)\b/.test(command) ? 'test' : undefined)
}

function isKnown(command: string, { root, example }: Scripts): boolean {
  const script = scriptOf(command)
  return script !== undefined && root.includes(script) && !example.includes(script)
}

function refusal(command: string, { root, example }: Scripts): string | undefined {
  const script = scriptOf(command)
  if (script !== undefined) return root.includes(script) || example.includes(script) ? undefined : `there is no npm script '${script}'`
  if (/^(?:\w+=\S+ )*(?:npx prescore|prescore|curl)\b/.test(command)) return undefined
  return `'${command}' is none of npm run, npx prescore, prescore, curl: change it, or write <!-- not run: reason --> before the block`
}
