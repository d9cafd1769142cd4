/** Lines of JSON, counted: blank ones are no rows. */

async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of texts) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
  yield rest
}

/** The line of an object; both count from 1. */
export async function lineOfObject(texts: AsyncIterable<string>, object: number): Promise<number | undefined> {
  let [line, objects] = [0, 0]
  for await (const text of linesOf(texts)) {
    line++
    if (text.trim() !== '' && ++objects === object) return line
  }
  return undefined
}

/** The first line that is not a JSON object; undefined when each is. */
export async function firstBrokenLine(
  texts: AsyncIterable<string>,
): Promise<{ readonly line: number; readonly found: string } | undefined> {
  let line = 0
  for await (const text of linesOf(texts)) {
    line++
    const found = text.trim() === '' ? undefined : problemOf(text)
    if (found !== undefined) return { line, found }
  }
  return undefined
}

function problemOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? undefined : `${text.trim().slice(0, 40)}, no object`
  } catch (error) {
    // NaN and Infinity are read, though JSON has no such words: they are not what is broken.
    if (/^[^"]*[:\s](NaN|-?Infinity)/.test(text)) return undefined
    return (error as Error).message
  }
}
