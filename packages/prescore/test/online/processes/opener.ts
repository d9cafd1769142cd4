/** Takes over the live state of a folder, and ends: `opener.ts <folder>`. */
import { Environment } from '../../../src/online/environment.ts'

await Environment.open(process.argv[2] as string).close()
