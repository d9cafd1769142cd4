/** What was printed against what the document shows. */

/** `…` matches anything within a line; a line of `…` alone any number of lines. White space at the ends of lines does not count. */
export function matchesOutput(expected: string, printed: string): boolean {
  const pattern = linesOf(expected).map(line => (line.trim() === '…' ? '(?:[^\\n]*\\n)*?' : `${linePattern(line)}\\n`))
  return new RegExp(`^${pattern.join('')}$`).test(
    linesOf(printed)
      .map(line => `${line}\n`)
      .join(''),
  )
}

function linePattern(line: string): string {
  return line.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('…', '[^\\n]*')
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map(line => line.trimEnd())
  const last = lines.findLastIndex(line => line !== '')
  return lines.slice(
    lines.findIndex(line => line !== ''),
    last + 1,
  )
}
