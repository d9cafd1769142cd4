/** `open`: a project's answers inside any Node program, without a server. */
import type { AnyEvents, AnyPredictions, UntypedPredictions } from '../client/index.ts'
import type { Embedded, OpenOptions } from './types.ts'

export type { Embedded, EmbeddedRequest, EmbeddedSource, OpenOptions } from './types.ts'

/**
 * Opens a project: its path, or options with it. It keeps no process alive by itself. What it is made of is loaded with the first
 * call, so that a project file, which imports this package too, stays light.
 * @throws PrescoreError `project_not_found`, `project_invalid`, `store_unreadable`, `store_format`
 */
export async function open<P extends AnyPredictions = UntypedPredictions, E extends AnyEvents = AnyEvents>(
  place: string | OpenOptions,
): Promise<Embedded<P, E>> {
  const { openProject } = await import('./opened.ts')
  return openProject(typeof place === 'string' ? { project: place } : place) as Promise<Embedded<P, E>>
}
