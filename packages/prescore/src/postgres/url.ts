/** URLs of databases: they come from the environment, and stand in no message. */
import { type ErrorCode, PrescoreError } from '../base/index.ts'

/** What the client can make of `sslmode`; all but the first and the last check the server's certificate. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const ESCAPED = 'escape what stands for itself in it (@ is %40, / is %2F, # is %23, % is %25)'

/** The URL of a variable. @throws PrescoreError with the code */
export function urlOf({ env }: { readonly env: string }, where: string, code: ErrorCode): string {
  const url = (process.env[env] ?? '').trim()
  const expected = 'the URL of a database'
  if (url === '') throw new PrescoreError(code, { where, found: `nothing in ${env}`, expected, fix: `Set ${env} in the environment.` })
  if (!isOfDatabase(url)) {
    const fix = `Set ${env} to postgres://user:password@host:port/database; ${ESCAPED}.`
    throw new PrescoreError(code, { where, found: `no such URL in ${env}`, expected, fix })
  }
  const mode = new URL(url).searchParams.get('sslmode')
  if (mode !== null && !SSL_MODES.includes(mode))
    throw new PrescoreError(code, {
      where,
      found: `another \`sslmode\` in ${env}`,
      expected: SSL_MODES.join(', '),
      fix: `Correct \`sslmode\` in ${env}.`,
    })
  return url.includes('uselibpqcompat=true') ? url : url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full')
}

/** Where a password is not escaped, a part of it would be taken for the host, and be told as one that is not found. */
function isOfDatabase(text: string): boolean {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return false
  const { pathname, hash, searchParams } = new URL(text)
  if (hash !== '' || pathname.includes('@') || [...searchParams.keys()].some(name => name.includes('@'))) return false
  try {
    decodeURI(text)
    return decodeURIComponent(pathname) !== ''
  } catch {
    return false
  }
}

/** What to do when the way to a database is wrong, rather than what is asked of it; undefined: it is not. */
export function connectionFix(error: unknown, { env }: { readonly env: string }): string | undefined {
  const { code, message, syscall } = error as { readonly code?: unknown; readonly message?: unknown; readonly syscall?: unknown }
  const said = String(message)
  if (/^28|^3D000/.test(String(code)) || /password must be a string/.test(said))
    return `Correct ${code === '3D000' ? 'the database' : 'the user and the password'} in the URL that ${env} holds.`
  if (code === 'ENOTFOUND') return `Correct the host in the URL that ${env} holds; ${ESCAPED}.`
  if (code === 'ENOENT' && syscall === 'open') return `Correct the path of the certificate in the URL that ${env} holds.`
  if (/does not support SSL/.test(said)) return `Switch SSL on at the server, or let the URL that ${env} holds end with ?sslmode=disable.`
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(String(code)))
    return `Name the certificate of its authority in the URL that ${env} holds, sslrootcert=/path/ca.pem; or, with sslmode=no-verify, encrypt without looking who answers.`
  return undefined
}
