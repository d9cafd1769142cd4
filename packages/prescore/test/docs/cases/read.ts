/**
 * The cases of `docs/features.md`: tables with a column `events`.
 *
 *   7: 1.5          an event at 7 s (or at a local time) whose x is 1.5
 *   7: 1.5 @9       known at 9 s; `@missing`: not known yet
 *   7: 1.5 #a       with the id a; without it, ids rise in the order of the row
 *   x; corrected y  what each clock gives; without `corrected`, both give the same
 */
export interface CaseEvent {
  readonly at: string
  /** undefined: missing. */
  readonly x: string | undefined
  readonly known: string | undefined
  readonly id: string
}

export interface Case {
  /** Of the page. */
  readonly line: number
  /** `f.sum('x', …)`, as in a project file. */
  readonly feature: string
  /** Its columns, by their heads: `x is`, `zone`, `as of`. */
  readonly cells: Readonly<Record<string, string>>
  readonly events: readonly CaseEvent[]
  readonly served: string
  readonly corrected: string
}

export function casesOf(markdown: string): Case[] {
  let head: readonly string[] = []
  return markdown.split('\n').flatMap((text, i) => {
    const cells = text.startsWith('|') ? cellsOf(text) : []
    if (cells.includes('events') && cells.includes('gives')) head = cells
    else if (cells.length === 0) head = []
    else if (head.length > 0 && !/^-+$/.test(cells[0] as string))
      return [caseOf(Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])), i + 1)]
    return []
  })
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map(cell => cell.trim().replaceAll('`', ''))
}

function caseOf(cells: Readonly<Record<string, string>>, line: number): Case {
  const { feature = '', events = '', gives = '' } = cells
  const [served = '', corrected = served] = gives.split('; corrected ')
  const each = events === '' ? [] : events.split(/; */)
  return { line, feature, cells, events: each.map(eventOf), served, corrected }
}

function eventOf(text: string, i: number): CaseEvent {
  const [, at, x, id, known] = /^(\S+): (.*?)(?: #(\S+))?(?: @(\S+))?$/.exec(text) ?? []
  if (at === undefined) throw new Error(`an event reads like '7: 1.5 #a @9', not '${text}'`)
  return { at, x: x === 'missing' ? undefined : x, known: known === 'missing' ? undefined : (known ?? at), id: id ?? `e${i}` }
}
