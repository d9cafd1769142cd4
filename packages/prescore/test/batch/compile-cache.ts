/** Workers and processes that the tests start need not compile the same sources each time. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'

process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'prescore-compile-cache')
