import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PrescoreError, unwritable } from '../../base/index.ts'
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
      await writeWhole(resolve(file), written)
      terminal.print({ file }, `Written: ${file}`)
    }
    return EXIT.done
  },
}

/** @throws PrescoreError `file_unwritable`; then the file is as it was */
async function writeWhole(file: string, content: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeFile(temporary, content)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw unwritable(file, error)
  }
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
