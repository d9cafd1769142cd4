/**
 * Writes the time-zone rules that Prescore carries, packages/prescore/src/expressions/zones/zones.json.
 *
 * The input is PyPI's `tzdata` package, which holds the IANA database as compiled by `zic`. To take a new version:
 *
 *     pip download tzdata --no-deps --dest /tmp/tzdata
 *     unzip -d /tmp/tzdata /tmp/tzdata/tzdata-*.whl
 *     node scripts/vendor-zones.ts /tmp/tzdata/tzdata
 *
 * New rules change the digest of the zones that they touch, and so the hash of features that read these zones.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OUTPUT = new URL('../packages/prescore/src/expressions/zones/zones.json', import.meta.url)

/** What one compiled file says: the offset before any change, each change, and how the years after the last one go on. */
interface Zone {
  readonly offsets: readonly number[]
  /** Seconds since the epoch of each change, ascending. */
  readonly times: readonly number[]
  /** The offset from each change on: an index into `offsets`. */
  readonly indexes: readonly number[]
  readonly yearly: readonly (readonly number[])[]
}

const folder = process.argv[2]
if (folder === undefined) throw new Error('Name the folder `tzdata` of the unpacked package.')
const version = /IANA_VERSION = "(\w+)"/.exec(readFileSync(join(folder, '__init__.py'), 'utf8'))?.[1]
const names = readFileSync(join(folder, 'zones'), 'utf8').trim().split('\n').sort()

const namesOf = new Map<string, string[]>()
for (const name of names) {
  const rules = encode(readZone(readFileSync(join(folder, 'zoneinfo', ...name.split('/')))))
  namesOf.set(rules, [...(namesOf.get(rules) ?? []), name])
}
const lines = [...namesOf].map(([rules, same]) => `${JSON.stringify(same)},${rules}`)
writeFileSync(
  OUTPUT,
  `{"generated":"by scripts/vendor-zones.ts from the tz database, which is in the public domain: do not edit",\n` +
    `"version":${JSON.stringify(version)},\n"zones":[\n${lines.map(line => `[${line}]`).join(',\n')}\n]}\n`,
)
console.error(`${names.length} names, ${lines.length} sets of rules, version ${version}`)

/** The rest of a line: the offsets in seconds, the changes (base 36: the first time, then differences), their offsets, the yearly changes. */
function encode({ offsets, times, indexes, yearly }: Zone): string {
  const differences = times.map((time, i) => (time - (i === 0 ? 0 : (times[i - 1] as number))).toString(36))
  return [offsets, differences.join(' '), indexes.map(index => index.toString(36)).join(''), yearly]
    .map(each => JSON.stringify(each))
    .join(',')
}

/** Reads a TZif file (RFC 9636): its 64-bit block and its footer. */
function readZone(file: Buffer): Zone {
  const first = header(file, 0)
  const second = first.at + first.times * 5 + first.types * 6 + first.letters + first.leaps * 8 + first.standard + first.universal
  const { at, times: count, types, letters, leaps, standard, universal } = header(file, second)
  const typeOffset = (type: number) => file.readInt32BE(at + count * 9 + type * 6)
  const changes = Array.from({ length: count }, (_, i) => ({
    time: Number(file.readBigInt64BE(at + i * 8)),
    offset: typeOffset(file[at + count * 8 + i] as number),
  }))
  if (leaps !== 0) throw new Error('a file with leap seconds')
  const footer = file.toString('ascii', at + count * 9 + types * 6 + letters + standard + universal).trim()
  return zoneOf(typeOffset(0), changes, yearlyChanges(footer))
}

function header(file: Buffer, start: number) {
  if (file.toString('ascii', start, start + 4) !== 'TZif' || (file[start + 4] as number) < 0x32)
    throw new Error('not a TZif file of version 2 or later')
  const [universal, standard, leaps, times, types, letters] = [0, 1, 2, 3, 4, 5].map(i => file.readInt32BE(start + 20 + i * 4)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { at: start + 44, universal, standard, leaps, times, types, letters }
}

/** Changes of nothing but the zone's abbreviation are left out, but for the last, as the yearly ones begin there. */
function zoneOf(before: number, changes: readonly { time: number; offset: number }[], yearly: Zone['yearly']): Zone {
  const real = changes.filter(({ offset }, i) => i === changes.length - 1 || offset !== (i === 0 ? before : changes[i - 1]?.offset))
  const offsets = [...new Set([before, ...real.map(({ offset }) => offset)])]
  return { offsets, times: real.map(({ time }) => time), indexes: real.map(({ offset }) => offsets.indexOf(offset)), yearly }
}

/**
 * The two changes of each year in a POSIX TZ text such as `EST5EDT,M3.2.0,M11.1.0`; none without daylight saving. Each is
 * [month, week (5 is the last), weekday (0 is Sunday), seconds after local midnight, offset before, offset after].
 */
function yearlyChanges(text: string): Zone['yearly'] {
  const name = '(?:[A-Za-z]+|<[^>]+>)'
  const time = '[-+]?\\d+(?::\\d+){0,2}'
  const date = `M(\\d+)\\.(\\d)\\.(\\d)(?:/(${time}))?`
  const match = new RegExp(`^${name}(${time})(?:${name}(${time})?,${date},${date})?$`).exec(text)
  if (match === null) throw new Error(`a footer of an unknown form: ${text}`)
  if (match[3] === undefined) return []
  const standard = -secondsOf(match[1] as string)
  const daylight = match[2] === undefined ? standard + 3600 : -secondsOf(match[2])
  const change = (at: number, before: number, after: number) => [
    ...[0, 1, 2].map(i => Number(match[at + i])),
    secondsOf(match[at + 3] ?? '2'),
    before,
    after,
  ]
  return [change(3, standard, daylight), change(7, daylight, standard)]
}

function secondsOf(text: string): number {
  const [hours, minutes = 0, seconds = 0] = text.replace(/^[-+]/, '').split(':').map(Number) as [number, number?, number?]
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds)
}
