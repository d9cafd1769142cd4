/** The clients that users come with, in a Python of their own. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PythonEnvironment } from '../../python.ts'

const run = promisify(execFile)
const environment = new PythonEnvironment('clients', readFileSync(join(import.meta.dirname, 'requirements.txt'), 'utf8'))

/** Why the clients cannot run now; false: they can. */
export const missing: string | false = environment.missing

/** Runs a script beside this file, and gives what it printed. */
export function runClient(script: string, args: readonly string[]): Promise<string> {
  return runPython([join(import.meta.dirname, script), ...args])
}

/** Runs the text of a program, and gives what it printed. */
export function runProgram(text: string): Promise<string> {
  return runPython(['-c', text])
}

async function runPython(args: readonly string[]): Promise<string> {
  const python = await environment.python()
  try {
    return (await run(python, args, { timeout: 240_000 })).stdout
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    throw new Error(`${args[0]} failed:\n${stdout}${stderr || error}`)
  }
}
