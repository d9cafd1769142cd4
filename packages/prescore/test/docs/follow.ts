/** Does what a block says and compares what the document shows. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { matchesOutput } from './output.ts'
import type { RunStep, WriteStep } from './plan.ts'
import type { Session } from './session.ts'

/** @returns what went otherwise than the document says, if anything did. */
export async function follow(session: Session, step: RunStep | WriteStep): Promise<string | undefined> {
  return step.kind === 'write' ? write(session, step) : run(session, step)
}

function write({ folder }: Session, { block, path }: WriteStep): undefined {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), block.text)
}

async function run(session: Session, { block, before, commands, output }: RunStep): Promise<string | undefined> {
  let printed = ''
  for (const command of [before ?? [], commands].flat()) {
    const { code, stdout, stderr } = await session.run(command)
    if (command !== before) printed += stdout
    if (code !== 0) return `${block.file}:${block.line}: exit ${code} of: ${command}\n${stdout}${stderr}`
  }
  if (output === undefined || matchesOutput(output.text, printed)) return undefined
  return `${output.file}:${output.line}: the document shows\n${output.text}\nbut this was printed\n${printed}`
}
