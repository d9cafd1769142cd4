/** Checks a project's shapes and references, without its data and models: every problem at once. */
import type { Problem } from '../../base/index.ts'
import type { ProjectDefinition } from '../types.ts'
import { Checker } from './checker.ts'
import { checkMonitor } from './monitor.ts'
import { checkPrediction } from './prediction.ts'
import { checkSource } from './source.ts'

export function checkProject(project: ProjectDefinition): readonly Problem[] {
  const check = new Checker()
  check.names(project.sources, 'sources')
  check.names(project.predictions, 'predictions')
  if (Object.keys(project.predictions).length === 0)
    check.add('invalid_value', 'predictions', 'none', 'at least one prediction', 'Add one: `predictions: { name: prediction({ … }) }`.')
  for (const [name, source] of Object.entries(project.sources)) checkSource(check, source, `sources.${name}`)
  for (const [name, prediction] of Object.entries(project.predictions)) checkPrediction(check, project, prediction, `predictions.${name}`)
  if (project.monitor !== undefined) checkMonitor(check, project.monitor)
  return deduplicated(withoutConsequences(check.problems))
}

/** A derived column that is wrong is told where it is defined: that others do not find it is no problem of theirs. */
function withoutConsequences(problems: readonly Problem[]): Problem[] {
  const broken = new Set(problems.flatMap(({ where }) => /^sources\.\w+\.derive\.(\w+)/.exec(where)?.[1] ?? []))
  return problems.filter(({ code, found }) => code !== 'unknown_column' || !broken.has(found.replaceAll('`', '')))
}

/** A group that two predictions share tells its problems once. */
function deduplicated(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map(each => [JSON.stringify(each), each])).values()]
}
