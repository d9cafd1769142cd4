/** The files of examples/schedules: what they call is there, they mean what docs/schedules.md says of exit codes, and they are sound. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse } from 'yaml'
import { findCommand, parseCommand } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { parseCron } from '../../src/project/index.ts'

const FOLDER = join(import.meta.dirname, '../../../../examples/schedules')
const PAGE = readFileSync(join(FOLDER, '../../docs/schedules.md'), 'utf8')
const textOf = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-schedules-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A program of this name that does as it is told, first in the path. */
function program(folder: string, name: string, script: string): NodeJS.ProcessEnv {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
  return { ...process.env, PATH: `${folder}:${process.env.PATH}` }
}

test('the page names every file, and no other', () => {
  const named = [...PAGE.matchAll(/examples\/schedules\/([\w@.-]+)\)/g)].map(([, file]) => file as string)
  assert.deepEqual([...new Set(named)].sort(), readdirSync(FOLDER).sort())
})

test('every command is one that there is, with options that it has', () => {
  let commands = 0
  for (const file of readdirSync(FOLDER)) {
    // Lists of words in YAML and Python are commands as well.
    const text = textOf(file)
      .replaceAll(/["'],\s*["']/g, ' ')
      .replaceAll(/\$\([^)]*\)/g, 'X')
    for (const [, line = ''] of text.matchAll(/npx prescore ([^\n|]*)/g)) {
      const [name = '', ...rest] = line
        .replaceAll(/["'\]).]+/g, ' ')
        .replaceAll(/#.*|cwd=.*|, as_of/g, '')
        .trim()
        .split(/\s+/)
      const last = rest.at(-1) === '--as-of' ? [...rest, 'X'] : rest
      assert.doesNotThrow(() => parseCommand(findCommand(COMMANDS, name), last), `${file}: ${line}`)
      commands++
    }
  }
  assert.ok(commands >= 8, String(commands))
})

test('scheduled-run.sh: 75 is tried again, all others are handed on', t => {
  const folder = scratch(t)
  const outcome = (codes: string) => {
    writeFileSync(join(folder, 'codes'), codes)
    const env = program(folder, 'npx', `set -- $(cat ${folder}/codes); echo "\${*#$1}" > ${folder}/codes; exit $1`)
    const { status } = spawnSync(join(FOLDER, 'scheduled-run.sh'), ['late', '2026-01-01T03:00:00Z'], {
      env: { ...env, PAUSE: '0', TRIES: '3' },
    })
    return status
  }
  for (const [codes, expected] of [
    ['0', 0],
    ['1', 1],
    ['2', 2],
    ['3', 3],
    ['75 0', 0],
    ['75 75 3', 3],
    ['75 75 75', 75],
  ] as const)
    assert.equal(outcome(codes), expected, codes)
})

test('sharded-run.sh: plans, computes the stages one after the other, finishes', t => {
  const folder = scratch(t)
  copyFileSync(join(FOLDER, 'kubernetes-indexed-job.yaml'), join(folder, 'kubernetes-indexed-job.yaml'))
  program(
    folder,
    'kubectl',
    `echo "kubectl $*" >> ${folder}/told; [ "$1" != apply ] || cat > ${folder}/$(ls ${folder} | wc -l).applied.yaml`,
  )
  const env = program(folder, 'npx', `echo "npx $*" >> ${folder}/told; echo '{"run":"b81d22","rows":7,"shards":{}}'`)
  const { status, stderr } = spawnSync(join(FOLDER, 'sharded-run.sh'), ['2026-01-01T03:00:00Z', '4'], {
    env,
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const told = readFileSync(join(folder, 'told'), 'utf8').trim().split('\n')
  assert.deepEqual(
    told.map(line => line.replace(/ --(timeout|for)=\S+/g, '')),
    [
      'npx prescore run late --as-of 2026-01-01T03:00:00Z --shards 4 --plan --json',
      'kubectl apply -f -',
      'kubectl wait job/prescore-late-features',
      'kubectl delete job/prescore-late-features',
      'kubectl apply -f -',
      'kubectl wait job/prescore-late-score',
      'kubectl delete job/prescore-late-score',
      'npx prescore run late --as-of 2026-01-01T03:00:00Z --finish',
    ],
  )
  const applied = readdirSync(folder)
    .filter(file => file.endsWith('.applied.yaml'))
    .map(file => parse(readFileSync(join(folder, file), 'utf8')) as Job)
  assert.deepEqual(
    applied.map(({ spec }) => [spec.completions, spec.template.spec.containers[0]?.command]),
    ['features', 'score'].map(stage => [4, ['npx', 'prescore', 'shard', 'b81d22', stage]]),
  )
})

interface Job {
  readonly apiVersion: string
  readonly kind: string
  readonly spec: {
    readonly completions?: number
    readonly completionMode?: string
    readonly podFailurePolicy: {
      readonly rules: readonly {
        readonly action: string
        readonly onExitCodes?: { readonly operator: string; readonly values: readonly number[] }
      }[]
    }
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string
        readonly containers: readonly { readonly command: readonly string[]; readonly args?: readonly string[] }[]
      }
    }
  }
}

test('Kubernetes: the jobs end at the codes that are not tried again, and at no other', () => {
  const cron = parse(textOf('kubernetes-cronjob.yaml')) as {
    kind: string
    spec: { schedule: string; concurrencyPolicy: string; jobTemplate: Job }
  }
  const indexed = parse(textOf('kubernetes-indexed-job.yaml')) as Job
  assert.deepEqual(
    [cron.kind, cron.spec.concurrencyPolicy, indexed.kind, indexed.spec.completionMode],
    ['CronJob', 'Forbid', 'Job', 'Indexed'],
  )
  assert.doesNotThrow(() => parseCron(cron.spec.schedule))
  for (const [job, codes] of [
    [cron.spec.jobTemplate, [1, 2, 3]],
    [indexed, [1, 2]],
  ] as const) {
    const failing = job.spec.podFailurePolicy.rules.filter(({ action }) => action === 'FailJob')
    assert.deepEqual(
      failing.map(({ onExitCodes }) => onExitCodes),
      [{ operator: 'In', values: codes }],
    )
    // A policy for failures asks for it.
    assert.equal(job.spec.template.spec.restartPolicy, 'Never')
  }
})

test('Airflow: 75 is retried, the others fail the task', { skip: !has('python3') && 'python3 is not installed' }, t => {
  const folder = scratch(t)
  const stub = `
import sys, types, datetime
def module(name, **members):
    sys.modules[name] = m = types.ModuleType(name); m.__dict__.update(members); return m
class AirflowException(Exception): pass
class AirflowFailException(Exception): pass
tasks = []
def task(run): return lambda: tasks.append(run)
def dag(**options):
    assert options["catchup"] is False and options["max_active_runs"] == 1
    return lambda build: build
module("airflow"); module("airflow.decorators", dag=dag, task=task)
module("airflow.exceptions", AirflowException=AirflowException, AirflowFailException=AirflowFailException)
module("pendulum", datetime=lambda *a, **k: None)
import subprocess, runpy
runpy.run_path(sys.argv[1])
for code in [0, 1, 2, 3, 75]:
    subprocess.run = lambda command, cwd: (types.SimpleNamespace(returncode=code))
    try: tasks[0](data_interval_end=datetime.datetime(2026, 1, 1)); print(code, "done")
    except Exception as error: print(code, type(error).__name__)
`
  writeFileSync(join(folder, 'check.py'), stub)
  const { stdout, stderr } = spawnSync('python3', [join(folder, 'check.py'), join(FOLDER, 'airflow_dag.py')], { encoding: 'utf8' })
  assert.equal(stdout, '0 done\n1 AirflowFailException\n2 AirflowFailException\n3 AirflowFailException\n75 AirflowException\n', stderr)
})

test('systemd: its own check finds nothing', { skip: !has('systemd-analyze') && 'systemd-analyze is not installed' }, t => {
  const folder = scratch(t)
  for (const file of readdirSync(FOLDER).filter(each => /\.(service|timer)$/.test(each)))
    copyFileSync(join(FOLDER, file), join(folder, file.replace('@.', '@late.')))
  const units = readdirSync(folder).map(file => join(folder, file))
  assert.equal(units.length, 3)
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})

test('cron: each line has a schedule, and escapes its percent signs', () => {
  const lines = textOf('prescore.crontab')
    .split('\n')
    .filter(line => /^[\d*]/.test(line))
  assert.equal(lines.length, 2)
  for (const line of lines) {
    assert.doesNotThrow(() => parseCron(line.split(/\s+/).slice(0, 5).join(' ')))
    assert.doesNotMatch(line, /(?<!\\)%/)
  }
})

function has(name: string): boolean {
  return (process.env.PATH ?? '').split(':').some(folder => existsSync(join(folder, name)))
}
