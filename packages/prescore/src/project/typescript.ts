/**
 * TypeScript files are read in the same way everywhere: their types are stripped by Node's own function, whether stripping is switched
 * on or off, and they are ES modules, whatever `type` the nearest package.json says. Lines and columns stay where they are, so that
 * messages name the lines of the file, and functions keep their text, which a release hashes.
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Imports a file with all that it imports. Files that were imported before are not read again. */
export async function importModule(url: string): Promise<{ readonly default?: unknown }> {
  const hooks = registerHooks({ load: (each, context, next) => (isTypeScript(each) ? load(each) : next(each, context)) })
  try {
    return await import(url)
  } finally {
    hooks.deregister()
  }
}

function isTypeScript(url: string): boolean {
  return url.startsWith('file:') && /\.m?ts$/.test(url) && !url.includes('/node_modules/')
}

function load(url: string): { format: 'module'; source: string; shortCircuit: true } {
  const path = fileURLToPath(url)
  const text = readFileSync(path, 'utf8')
  try {
    return { format: 'module', source: quietly(() => stripTypeScriptTypes(text)), shortCircuit: true }
  } catch (error) {
    throw unparsed(error, path)
  }
}

/** Opens the stack with the place, as Node does for a file that it cannot parse: it knows the line only. */
function unparsed(error: unknown, path: string): unknown {
  if (error instanceof Error && error.stack?.startsWith(':')) error.stack = `${path}${error.stack}`
  return error
}

/** Before version 24, Node calls this function experimental whenever it is used. */
function quietly<T>(action: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return action()
  } finally {
    process.emitWarning = emitWarning
  }
}
