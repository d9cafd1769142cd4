/** Of a name, so much says which one is meant. */
const BEGINNING_CHARS = 3

/**
 * The known name nearest to a mistyped one (at most a third of its letters differ), else the only one that begins with it; undefined
 * when there is neither.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  const begun = name.length < BEGINNING_CHARS ? [] : names.filter(each => each.toLowerCase().startsWith(name.toLowerCase()))
  return leastEdited(name, names) ?? (begun.length === 1 ? begun[0] : undefined)
}

function leastEdited(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** "Did you mean `delay`?" with the list of what is there, or just the list. */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known]
  const near = nearest(name, names)
  const list = names.length === 0 ? 'There are none.' : `There are: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`
  return near === undefined ? list : `Did you mean \`${near}\`? ${list}`
}

/** Insertions, deletions, replacements, and swaps of neighbours, each one edit (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] as number
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : replaced
      row.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1))
    }
  }
  return at(a.length, b.length)
}
