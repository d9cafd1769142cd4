/** What should be done about a schedule. What is past is told for a day: it may have been mended since. */
import { ERRORS } from '../base/index.ts'
import { durationText } from './duration.ts'
import type { PredictionStatus, ScheduleStatus, Warning } from './status-report.ts'

const TOLD_SECONDS = 86_400

type Found = Omit<Warning, 'where'>

export function ofSchedule({ name, due }: PredictionStatus): Found[] {
  if (due === null) return []
  const { failure } = due
  if (failure !== null) return [{ message: failure.message, fix: ERRORS[failure.code as keyof typeof ERRORS].fix }]
  return [...ofLast(name, due), ...ofWaiting(name, due), ...ofSkipped(name, due)]
}

/** What a gate stopped is told of the run itself. */
function ofLast(name: string, { last }: ScheduleStatus): Found[] {
  if (last === null) return []
  const { due, outcome, failure } = last
  const why = failure === null ? '' : `: ${failure.message}`
  if (outcome === 'failed')
    return [
      {
        message: `The run that was due at ${whole(due)} failed, and is not tried again${why}`,
        fix: `Mend what it says, then run \`prescore run ${name} --as-of ${whole(due)}\`.`,
      },
    ]
  if (outcome !== 'again') return []
  return [
    {
      message: `The run that was due at ${whole(due)} was interrupted${why}`,
      fix: `\`prescore schedule\` goes on with it, or \`prescore run ${name} --as-of ${whole(due)}\` does: finished work is kept.`,
    },
  ]
}

function ofWaiting(name: string, { overdueSeconds, passed, started, catchUp }: ScheduleStatus): Found[] {
  if (overdueSeconds !== null && passed !== null)
    return [
      {
        message: `It was due at ${whole(passed)}, and for ${durationText(overdueSeconds)} nobody has started it.`,
        fix: `Start \`prescore schedule\` or \`prescore serve --schedule\`, or run \`prescore run ${name} --as-of ${whole(passed)}\`.`,
      },
    ]
  if (started === null || passed === null || passed <= started || catchUp === 'all') return []
  return [
    {
      message: `It was due at ${whole(passed)}, and the run of ${whole(started)} has not ended.`,
      fix: 'See whether `prescore schedule` or `prescore serve --schedule` still runs; if so, a run takes longer than the schedule allows.',
    },
  ]
}

function ofSkipped(name: string, { outcomes }: ScheduleStatus): Found[] {
  const fill = `\`prescore run ${name} --as-of …\` makes up for one`
  const found: readonly (readonly [outcome: string, what: string, fix: string])[] = [
    ['missed', 'not run, as nobody was there to start it', `Keep \`prescore schedule\` running; ${fill}, \`catchUp: 'all'\` for each.`],
    ['overlapped', 'not run, as another run of it went on', `Let it be due less often, or give runs more threads; ${fill}.`],
    ['given_up', 'interrupted, and a later one took its place', `See the log of the scheduler for what interrupts runs; ${fill}.`],
    ['late', 'started more than a minute late', 'See whether the scheduler was down, or runs take longer than the schedule allows.'],
  ]
  return found.flatMap(([outcome, what, fix]) => {
    const tally = outcomes[outcome]
    if (tally === undefined || tally.ageSeconds > TOLD_SECONDS) return []
    return [{ message: `${times(tally.count)} ${what}, the last at ${whole(tally.lastDue)}.`, fix }]
  })
}

function times(count: number): string {
  return count === 1 ? '1 due time was' : `${count} due times were`
}

/** Without its fraction of a second, where that is none: a schedule has whole minutes. */
function whole(instant: string): string {
  return instant.replace(/\.0+Z$/, 'Z')
}
