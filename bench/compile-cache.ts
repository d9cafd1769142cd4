/**
 * Types are stripped once, as they are for whoever installs the package: else each thread and process that a measure starts would
 * compile the sources anew.
 */
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'prescore-compile-cache')
enableCompileCache(process.env.NODE_COMPILE_CACHE)
