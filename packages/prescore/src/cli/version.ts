import { readFile } from 'node:fs/promises'

interface Manifest {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** Of this package. */
export async function packageVersion(): Promise<string> {
  return (await manifest()).version
}

/** What a project with an ONNX model depends on, each with its range: so that one `npm install` brings everything. */
export async function projectDependencies(): Promise<Readonly<Record<string, string>>> {
  const { version, peerDependencies } = await manifest()
  const name = 'onnxruntime-node'
  return { [name]: peerDependencies[name] as string, prescore: `^${version}` }
}

async function manifest(): Promise<Manifest> {
  return JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest
}
