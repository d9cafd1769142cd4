import { resolve } from 'node:path'
import { PrescoreError, unwritable, writeWhole } from '../../base/index.ts'
import { inspectModel, type ModelSignature } from '../../models/index.ts'
import { checkProject, type LoadedProject } from '../../project/index.ts'
import { type Command, EXIT, text } from '../command.ts'
import { typesText } from '../types-text.ts'

export const types: Command = {
  name: 'types',
  summary: "write the types of the project's predictions and events, for prescore/client",
  usage: '[--out FILE]',
  example: 'prescore types --out src/prescore-types.ts',
  options: {
    out: { type: 'string', value: 'FILE', values: 'file', help: 'The TypeScript file to write, over an older one (default: print it)' },
  },
  positionals: [0, 0],
  async run({ open, terminal, options }) {
    const { loaded } = await open()
    const problems = checkProject(loaded.definition)
    if (problems.some(({ severity }) => severity === 'error')) throw new PrescoreError('project_invalid', { where: loaded.file, problems })
    const written = typesText(loaded.definition, await signaturesOf(loaded))
    const file = text(options.out)
    if (file === undefined) {
      terminal.print({ types: written }, written.trimEnd())
    } else {
      const whole = resolve(file)
      await writeWhole(whole, written).catch(error => {
        throw unwritable(whole, error)
      })
      terminal.print({ file }, `Written: ${file}`)
    }
    return EXIT.done
  },
}

/** A model that cannot be read leaves its value's type open. */
async function signaturesOf({ definition, folder }: LoadedProject): Promise<ReadonlyMap<string, ModelSignature>> {
  const signatures = new Map<string, ModelSignature>()
  for (const { name, model } of Object.values(definition.predictions)) {
    const signature = await inspectModel(resolve(folder, model.file)).catch(() => undefined)
    if (signature !== undefined) signatures.set(name, signature)
  }
  return signatures
}
