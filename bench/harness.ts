/**
 * The bench: suites of figures, each measured side by side with its **limit** in one run, because only their ratio means
 * something on a machine that others use too. `ours` and `limit` take turns; a figure is the median of its turns.
 */

/** One figure of a suite, as `--json` prints it, one object a line. */
export interface Figure {
  readonly suite: string
  readonly figure: string
  readonly unit: string
  readonly ours: number
  /** What nothing of this kind can beat here: the same work without us. Null: none is known. */
  readonly limit: number | null
  /** ours / limit. */
  readonly ratio: number | null
  /** What we want: a ratio, or (without a limit) a value in the unit. */
  readonly goal: number | null
  readonly better: 'higher' | 'lower'
  /** (greatest − least) / median of our turns. */
  readonly spread: number
}

/** What a suite says of a figure; the harness makes medians, ratio and spread of it. */
export interface Measured {
  readonly figure: string
  readonly unit: string
  readonly ours: readonly number[]
  readonly limit?: readonly number[]
  readonly goal?: number
  readonly better: Figure['better']
}

/** A suite yields its figures as they are measured. It says on `say` (stderr) what it is doing. */
export interface Suite {
  readonly name: string
  readonly about: string
  run(say: (line: string) => void): AsyncIterable<Measured>
}

const suites = new Map<string, Suite>()

/** Adds a suite under its name. */
export function suite(suite: Suite): void {
  suites.set(suite.name, suite)
}

/** Measures two things in turns: ours, limit, ours, limit, … */
export async function inTurns<T>(turns: number, ours: () => Promise<T>, limit: () => Promise<T>): Promise<{ ours: T[]; limit: T[] }> {
  const results = { ours: [] as T[], limit: [] as T[] }
  for (let turn = 0; turn < turns; turn++) {
    results.ours.push(await ours())
    results.limit.push(await limit())
  }
  return results
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** `[suite …] [--json]`: runs the named suites, or all; returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const names = args.filter(arg => !arg.startsWith('--'))
  const unknown = names.filter(name => !suites.has(name))
  const options = args.filter(arg => arg.startsWith('--') && arg !== '--json')
  if (unknown.length + options.length > 0) {
    console.error(`Unknown: ${[...unknown, ...options].join(', ')}. There are: ${[...suites.keys()].join(', ')}, and --json.`)
    return 2
  }
  const chosen = [...suites.values()].filter(({ name }) => names.length === 0 || names.includes(name))
  for (const each of chosen) await runSuite(each, args.includes('--json'))
  return 0
}

async function runSuite({ name, about, run }: Suite, asJson: boolean): Promise<void> {
  console.error(`${name}: ${about}`)
  const figures: Figure[] = []
  for await (const measured of run(line => console.error(`  ${line}`))) {
    const figure = figureOf(name, measured)
    figures.push(figure)
    if (asJson) console.log(JSON.stringify(figure))
  }
  if (!asJson) console.log(tableOf(figures))
}

function figureOf(suite: string, { figure, unit, ours, limit, goal, better }: Measured): Figure {
  const our = median(ours)
  const theirs = limit === undefined ? null : median(limit)
  const spread = our === 0 ? 0 : (Math.max(...ours) - Math.min(...ours)) / our
  return {
    suite,
    figure,
    unit,
    ours: rounded(our),
    limit: theirs === null ? null : rounded(theirs),
    ratio: theirs === null ? null : rounded(our / theirs),
    goal: goal ?? null,
    better,
    spread: rounded(spread),
  }
}

/** Three digits that mean something. */
function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

function tableOf(figures: readonly Figure[]): string {
  const header = ['figure', 'unit', 'ours', 'limit', 'ratio', 'goal', 'better', 'spread']
  const rows = figures.map(({ figure, unit, ours, limit, ratio, goal, better, spread }) =>
    [figure, unit, ours, limit ?? '', ratio ?? '', goal ?? '', better, `${Math.round(spread * 100)} %`].map(cell =>
      typeof cell === 'number' ? cell.toLocaleString('en') : cell,
    ),
  )
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map(row => (row[column] as string).length)))
  return [header, ...rows]
    .map(row =>
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  '),
    )
    .join('\n')
}
