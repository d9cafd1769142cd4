/**
 * The scripts of docs/training.md, as they stand there: each trains in a copy of the fraud example, and its model is checked,
 * released against the rows of its framework, and asked.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Block, blocksOf } from '../docs/blocks.ts'
import { commandsOf } from '../docs/plan.ts'
import { Session } from '../docs/session.ts'
import { PythonEnvironment } from '../python.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const blocks = blocksOf('docs/training.md', readFileSync(join(ROOT, 'docs/training.md'), 'utf8'))
const [dataset, then] = blocks.filter(({ language }) => language === 'sh') as [Block, Block]
const [shared, lightgbm, xgboost, scikit, pytorch] = blocks.filter(({ language }) => language === 'python').map(({ text }) => text) as [
  string,
  string,
  string,
  string,
  string,
]
const requirements = blocks.find(({ text }) => /^\w+==/.test(text))?.text ?? ''
const environment = new PythonEnvironment('training', requirements)

/** What the PyTorch script of the page made, with the digest of its text; `PRESCORE_GOLDEN=write` takes what `PRESCORE_TORCH` makes now. */
const RECORDED = join(import.meta.dirname, 'pytorch')
const MADE = ['fraud.onnx', 'fraud.expected.json'] as const
const digestOfTorch = createHash('sha256').update(`${shared}${pytorch}`).digest('hex')

describe('the scripts of the page', { skip: environment.missing }, () => {
  let session: Session
  before(async () => {
    session = await Session.open(ROOT, join(ROOT, 'examples/fraud'))
    await done('npm run prepare-data')
    for (const command of commandsOf(dataset.text)) await done(command)
    writeFileSync(join(session.folder, 'shared.py'), shared)
  })
  after(() => session.close())

  async function done(command: string): Promise<string> {
    const { code, stdout, stderr } = await session.run(command)
    assert.equal(code, 0, `${command}\n${stdout}${stderr}`)
    return stdout
  }

  async function train(script: string, python: string): Promise<void> {
    for (const file of MADE) rmSync(join(session.folder, 'models', file), { force: true })
    writeFileSync(join(session.folder, 'train.py'), script)
    await done(`'${python}' train.py`)
  }

  /** Through check, release and a request; the rows of the framework are met. */
  async function serves(framework: RegExp): Promise<void> {
    let printed = ''
    for (const command of commandsOf(then.text)) printed += await done(command)
    assert.match(printed, /^No problems/m)
    assert.match(printed, new RegExp(`expected +\\d+ rows of ${framework.source}, at most \\S+ off`))
    assert.match(printed, /^value +0\.\d+$/m)
    assert.match(printed, /^source +live$/m)
  }

  test('LightGBM', async () => {
    await train(lightgbm, await environment.python())
    await serves(/LightGBM 4\.7\.0/)
  })

  test('XGBoost', async () => {
    await train(xgboost, await environment.python())
    await serves(/XGBoost 3\.2\.0/)
  })

  test('scikit-learn', async () => {
    await train(scikit, await environment.python())
    await serves(/scikit-learn 1\.9\.1/)
  })

  test('PyTorch: the script where there is one, else what it made', async () => {
    const torch = process.env.PRESCORE_TORCH
    if (torch !== undefined) {
      await train(pytorch, torch)
      if (process.env.PRESCORE_GOLDEN === 'write') {
        for (const file of MADE) copyFileSync(join(session.folder, 'models', file), join(RECORDED, file))
        writeFileSync(join(RECORDED, 'script.sha256'), `${digestOfTorch}\n`)
      }
    } else {
      const recorded = readFileSync(join(RECORDED, 'script.sha256'), 'utf8').trim()
      assert.equal(
        digestOfTorch,
        recorded,
        'the script has changed: run this with PRESCORE_TORCH and PRESCORE_GOLDEN=write, then format the folder',
      )
      for (const file of MADE) copyFileSync(join(RECORDED, file), join(session.folder, 'models', file))
    }
    await serves(/PyTorch 2\.15\.0\S*/)
  })
})
