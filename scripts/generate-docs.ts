/** Writes the pages that are made from the code: `docs/errors.md` from the table of codes, `docs/cli.md` from the commands' help. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedPages } from './generated-pages.ts'

const docs = join(import.meta.dirname, '../docs')
for (const [name, text] of generatedPages()) writeFileSync(join(docs, name), text)
