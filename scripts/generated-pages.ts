/** The pages that are made from the code, by file name. A test holds the files equal to them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS } from '../packages/prescore/src/base/index.ts'
import { COMMANDS } from '../packages/prescore/src/cli/commands/index.ts'
import { commandHelp, overview } from '../packages/prescore/src/cli/help.ts'
import { METRICS, processMetrics } from '../packages/prescore/src/monitor/index.ts'
import { projectReference } from './reference/project-reference.ts'

/** What stands before it in a page is written by hand. */
const MADE = '<!-- From here on made by `node scripts/generate-docs.ts`, from the types and doc comments of the definitions. -->'

export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['errors.md', errors()],
    ['cli.md', cli()],
    ['metrics.md', metrics()],
    ['project.md', project()],
  ])
}

function errors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, fix, retryable }]) =>
      `| \`${code}\` | ${status} | ${title} | ${fix.replaceAll('|', '\\|')}${retryable ? ' May be retried.' : ''} |`,
  )
  return `# Errors

Every error and every reason of a degraded answer has a code. Messages say where, what was found, what was expected, and what to do; the last column is what they say when nothing more exact is known.

Made by \`node scripts/generate-docs.ts\` from \`packages/prescore/src/base/errors.ts\`.

| code | HTTP | meaning | what to do |
|---|---|---|---|
${rows.join('\n')}
`
}

function cli(): string {
  const pages = COMMANDS.map(command => `## prescore ${command.name}\n\n\`\`\`text\n${commandHelp(command)}\`\`\``)
  return `# The command line

Data goes to stdout, everything else to stderr. Every command takes \`--json\`.

Made by \`node scripts/generate-docs.ts\` from the commands' own help.

\`\`\`text
${overview(COMMANDS)}\`\`\`

${INTERRUPTED}

${COMPLETION}

${pages.join('\n\n')}
`
}

const INTERRUPTED = `## Ctrl-C

Ctrl-C and SIGTERM end every command within some seconds, and leave nothing half-written. What is under way is ended in order: runs, shards, datasets and events keep what is finished, a server answers the requests that it has. A second Ctrl-C cuts it off. The exit code is 75, and repeating the command comes to the same as if it had never been interrupted (of events without an \`id\`, append those that the message says were not taken); a server, and a scheduler with nothing under way, end with 0.`

const COMPLETION = `## Completion

\`prescore completion\` prints a script for Bash, zsh or fish. It completes commands, their options, the words that an option takes, files, and the names of predictions and sources: for those the project file of the folder (or of \`--project\`) is loaded when the Tab key is pressed, and where there is none, nothing is offered and nothing is said.

For Bash:

<!-- run by: packages/prescore/test/cli/completion.test.ts -->
\`\`\`sh
prescore completion bash > ~/.prescore-completion.bash
echo 'source ~/.prescore-completion.bash' >> ~/.bashrc
\`\`\`

For zsh, with the second line after the one in \`~/.zshrc\` that calls \`compinit\`:

<!-- run by: packages/prescore/test/cli/completion.test.ts -->
\`\`\`sh
prescore completion zsh > ~/.prescore-completion.zsh
echo 'source ~/.prescore-completion.zsh' >> ~/.zshrc
\`\`\`

For fish:

<!-- run by: packages/prescore/test/cli/completion.test.ts -->
\`\`\`sh
mkdir -p ~/.config/fish/completions
prescore completion fish > ~/.config/fish/completions/prescore.fish
\`\`\`

A new shell completes then. Make the script anew after an update. Where Prescore is installed in projects only, let \`prescore\` be that of the folder in the same file, as in \`prescore() { npx prescore "$@"; }\` (fish: \`function prescore; npx prescore $argv; end\`), and write \`npx prescore\` above.`

function metrics(): string {
  const own = METRICS.map(
    ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`,
  )
  const others = processMetrics().map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`)
  return `# Metrics

\`GET /metrics\` of a server is Prometheus text. Counters are plain numbers, added to as answers are given; everything else is read when it is asked for, so that what is not scraped costs nothing.

Made by \`node scripts/generate-docs.ts\` from \`packages/prescore/src/monitor/metrics.ts\`.

| name | type | labels | meaning |
|---|---|---|---|
${own.join('\n')}

Labels are names of the project file, codes of [the table of errors](errors.md), steps of [an answer](answers.md#which-step-answers), states of a run and [outcomes of due times](schedules.md#misfires): never keys or inputs. \`reason\` is empty where an answer is not degraded. Counters begin at 0 with the process, those of a model with its release, those of schedules with their files: they tell of [due times](schedules.md#misfires) whichever process runs them.

Requests that name no prediction, or no valid key, reach none and are not counted. A duration ends when the answer is there: it holds the store, features and model, not HTTP.

## What to look at

| question | query |
|---|---|
| share of degraded answers, by prediction | \`sum by (prediction) (rate(prescore_answers_total{reason!=""}[5m])) / sum by (prediction) (rate(prescore_answers_total[5m]))\` |
| why | \`sum by (prediction, reason) (rate(prescore_answers_total{reason!=""}[5m]))\` |
| 99 % of live answers come within | \`histogram_quantile(0.99, sum by (le) (rate(prescore_answer_duration_seconds_bucket{source="live"}[5m])))\` |
| last night's batch did not come | \`prescore_served_age_seconds > 93600\` |
| a due time was not run, was given up, failed or was stopped by a gate | \`increase(prescore_scheduled_runs_total{outcome!~"done|again"}[1h]) > 0\` |
| a due time passed an hour ago, and its run is not done | \`(prescore_schedule_last_due_timestamp_seconds > prescore_schedule_last_done_timestamp_seconds) and time() - prescore_schedule_last_due_timestamp_seconds > 3600\` |
| a feed is late, or dead | \`prescore_source_lag_seconds > 7200 or prescore_source_failed > 0\` |
| events wait to be taken in | \`prescore_log_position - prescore_log_applied_position\` |

## The process

From prom-client, on Linux:

| name | type | meaning |
|---|---|---|
${others.join('\n')}
`
}

function project(): string {
  const [written = ''] = readFileSync(join(import.meta.dirname, '../docs/project.md'), 'utf8').split(MADE)
  return `${written}${MADE}

## Reference

Every member, with what holds where it is left out, and the [errors](errors.md) that are about it. Editors show the same texts.

${projectReference()}`
}
