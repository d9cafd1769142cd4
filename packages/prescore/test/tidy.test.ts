/** The house rules as a test: each failure names a file, a line and a remedy. The rules themselves lie in `tidy/`. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { ERRORS } from '../src/base/index.ts'
import { checkBanned } from './tidy/banned.ts'
import { checkCircles } from './tidy/circles.ts'
import { checkDeadExports, checkDeadFiles, type Entries } from './tidy/dead.ts'
import { checkErrorCodes } from './tidy/error-codes.ts'
import { checkLength } from './tidy/length.ts'
import { checkOrder, type House } from './tidy/order.ts'
import { describeFindings, type Finding, readTree } from './tidy/tree.ts'

const SRC = 'packages/prescore/src/'

/** A folder may import those above it; the folders of one row do not know each other. */
const HOUSE: House = {
  src: SRC,
  order: [
    ['base', 'client'],
    ['expressions'],
    ['project'],
    ['parquet', 'postgres', 'lmdb'],
    ['sources', 'features', 'models', 'stores'],
    ['release', 'init'],
    ['history'],
    ['online'],
    ['dataset', 'batch', 'live'],
    ['schedule'],
    ['resolve'],
    ['audit'],
    ['monitor'],
    ['server'],
    ['app.ts'],
    ['embedded', 'runtimes.ts', 'stores.ts'],
    ['cli'],
  ],
  face: ['base', 'expressions', 'project', 'embedded'],
}

const ENTRIES: Entries = {
  src: SRC,
  // The client, runtimes and stores are for applications: nothing here imports them.
  entries: [`${SRC}index.ts`, `${SRC}cli/main.ts`, `${SRC}client/index.ts`, `${SRC}runtimes.ts`, `${SRC}stores.ts`],
  workers: [
    `${SRC}batch/engines/worker.ts`,
    `${SRC}dataset/worker.ts`,
    `${SRC}models/serving/worker.ts`,
    `${SRC}online/store-worker.ts`,
    `${SRC}sources/hash-worker.ts`,
  ],
}

const LINES_MAX = 300

/** Longer files, each with its reason. */
const LONG: Readonly<Record<string, string>> = {
  'packages/prescore/src/base/errors.ts': 'one table: every code, what it says, and what to do',
  'packages/prescore/test/project/check.test.ts': 'one table: a broken project for every problem that a check can find',
  'packages/prescore/test/features/group.test.ts': 'one law: the kernel equals the oracle, kind by kind',
  'packages/prescore/test/dataset/dataset.test.ts': 'one subject: what a training set holds',
  'packages/prescore/test/parity/live.test.ts': 'one law: live answers are those of datasets, backtests, batches and scans',
  'packages/prescore/test/log/log.test.ts': 'one subject: what the log promises',
}

/** Codes of the error table that nothing throws yet. A code that is thrown must leave this list. */
const NOT_YET: readonly string[] = []

const tree = readTree(resolve(import.meta.dirname, '../../..'))

function sound(findings: readonly Finding[]): void {
  if (findings.length > 0) assert.fail(`${findings.length} to mend:\n${describeFindings(findings)}\n`)
}

test('the tree was read', () => {
  assert.ok(tree.has(`${SRC}index.ts`) && tree.has('package.json') && tree.has('packages/prescore/test/tidy.test.ts'))
})
test('imports follow the order of the folders, by their faces', () => sound(checkOrder(tree, HOUSE)))
test('no imports go in a circle', () => sound(checkCircles(tree, SRC)))
test('no file is dead', () => sound(checkDeadFiles(tree, ENTRIES)))
test('no export is dead', () => sound(checkDeadExports(tree, ENTRIES)))
test('nothing banned is written', () => sound(checkBanned(tree)))
test('files are short', () => sound(checkLength(tree, LINES_MAX, LONG)))
test('every error code is used, and every used code is in the table', () =>
  sound(checkErrorCodes(tree, { src: SRC, file: `${SRC}base/errors.ts`, codes: Object.keys(ERRORS), notYet: NOT_YET })))
