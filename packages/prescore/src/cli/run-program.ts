/** What a server or a scheduler needs of the command line to start runs. */
import { dirname } from 'node:path'
import type { App } from '../app.ts'
import { PrescoreError } from '../base/index.ts'
import type { RunProgram } from '../schedule/index.ts'

const TOKEN_CHARS_MIN = 16

/** This command line, for this project. */
export function runProgram(app: App): RunProgram {
  const [, main = ''] = process.argv
  const place = ['--project', app.loaded.file, '--state', dirname(app.runs), '--threads', String(app.threads)]
  return { command: [process.execPath, ...process.execArgv, main], place }
}

/** Of the environment: whoever sends it may change what is served. @throws PrescoreError `wrong_use` for one that is easily guessed */
export function adminToken(): string | undefined {
  const token = process.env.PRESCORE_ADMIN_TOKEN
  if (token === undefined || (token.length >= TOKEN_CHARS_MIN && !/\s/.test(token))) return token
  const found = token.length < TOKEN_CHARS_MIN ? `${token.length} characters` : 'white space'
  throw new PrescoreError('wrong_use', {
    where: 'PRESCORE_ADMIN_TOKEN',
    found,
    expected: `at least ${TOKEN_CHARS_MIN} characters without white space`,
    fix: 'Make one with `openssl rand -hex 32`, or unset it: then only this machine may change what is served.',
  })
}
