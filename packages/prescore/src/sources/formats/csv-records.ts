/** Just enough of CSV to read a header and to find a line: rows themselves are read by DuckDB. */

/** The cells of the first record of a text. */
export function splitHeader(text: string, separator: string): string[] {
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string
    if (char === '"') {
      if (quoted && text[i + 1] === '"') cell += text[++i]
      else quoted = !quoted
    } else if (!quoted && (char === '\n' || char === '\r')) break
    else if (!quoted && char === separator) {
      cells.push(cell)
      cell = ''
    } else cell += char
  }
  return [...cells, cell]
}

/**
 * The line at which a record begins; the header is record 0 and line 1.
 * @param blankCounts whether an empty line is a record, as in a file of one column.
 */
export async function lineOfRecord(texts: AsyncIterable<string>, record: number, blankCounts: boolean): Promise<number | undefined> {
  let [line, records, quoted, begins] = [1, -1, false, true]
  for await (const text of texts) {
    for (const char of text) {
      const ends = char === '\n' && !quoted
      if (begins && char !== '\r' && (!ends || blankCounts)) {
        if (++records === record) return line
        begins = false
      }
      if (char === '"') quoted = !quoted
      if (char === '\n') line++
      if (ends) begins = true
    }
  }
  return undefined
}
