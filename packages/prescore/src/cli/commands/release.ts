import { type Frozen, freezeRelease, type Release, recordRelease } from '../../release/index.ts'
import { type Command, EXIT } from '../command.ts'
import { count, problemText, shortHash } from '../terminal.ts'

const RUNTIMES: Readonly<Record<Release['runtime']['name'], string>> = {
  trees: 'trees',
  onnx: 'ONNX Runtime',
  tfServing: 'TensorFlow Serving',
  openInference: 'Open Inference',
  func: 'a function',
}

export const release: Command = {
  name: 'release',
  summary: 'freeze a prediction: its features, model and signature under one hash',
  usage: '<prediction>',
  example: 'prescore release late',
  options: {},
  positionals: [1, 1],
  places: ['prediction'],
  async run({ open, terminal, positionals }) {
    const app = await open()
    const { name } = app.prediction(positionals[0] as string)
    const { release, created, warnings, expected } = await freezeRelease(app.loaded, name, app.releases)
    recordRelease(app.store().catalog, release)
    for (const warning of warnings) terminal.note(problemText(warning, process.stderr))
    const { hash, prediction, featureHash, model, runtime, folder } = release
    const { inputs, outputs } = model.signature
    terminal.print(
      {
        release: hash,
        prediction,
        featureHash,
        created,
        model: { sha256: model.sha256, bytes: model.bytes, inputs, outputs },
        runtime,
        expected: expected ?? null,
        folder,
      },
      `${created ? 'Frozen' : 'Already frozen'}: ${releaseText(release)}${expectedText(expected)}`,
    )
    return EXIT.done
  },
}

function releaseText({ hash, prediction, featureHash, model, runtime }: Release): string {
  const inputs = model.signature.inputs
    .map(({ name, type, shape }) => `${name} ${type}[${(shape ?? []).map(n => n ?? '?').join(', ')}]`)
    .join('; ')
  return `release ${shortHash(hash)} of ${prediction}
  features  ${shortHash(featureHash)}
  model     ${shortHash(model.sha256)}, ${count(model.bytes)} bytes, ${inputs}
  runtime   ${RUNTIMES[runtime.name]}: ${runtime.reason}`
}

function expectedText(expected: Frozen['expected']): string {
  if (expected === undefined) return ''
  const { framework, count: rows, worst, tolerance } = expected
  return `\n  expected  ${count(rows)} rows of ${framework}, at most ${worst.toPrecision(2)} off (${tolerance} allowed)`
}
