/** Which statements of source files were run, by the engine's own count: the places where an error is thrown that no request reached. */
import { readdirSync, readFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Range {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** Begins to count what is loaded from now on. */
export async function countBranches(): Promise<Session> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return session
}

/** `file:line: the statement`, for each `throw` below the folder that was not run. Types are stripped by blanks: offsets are those of the source. */
export async function unthrown(session: Session, folder: string): Promise<string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .sort()
    .flatMap(name => {
      const path = join(folder, name)
      const script = result.find(({ url }) => url === pathToFileURL(path).href)
      const ranges = script?.functions.flatMap(each => each.ranges as readonly Range[]) ?? []
      const source = readFileSync(path, 'utf8')
      return [...source.matchAll(/\bthrow /g)]
        .map(match => match.index)
        .filter(at => !wasRun(ranges, at))
        .map(at => `${name}:${source.slice(0, at).split('\n').length}: ${source.slice(at).split('\n', 1)[0]}`)
    })
}

/** The innermost range decides. */
function wasRun(ranges: readonly Range[], at: number): boolean {
  const around = ranges.filter(({ startOffset, endOffset }) => startOffset <= at && at < endOffset)
  const innermost = around.sort((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))[0]
  return innermost !== undefined && innermost.count > 0
}
