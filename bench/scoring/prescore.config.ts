/** Rows of twenty numbers, scored as they are; the files lie where `PRESCORE_BENCH_FOLDER` says. */
import { join } from 'node:path'
import { defineProject, entity, file, onnx, prediction, table } from '../../packages/prescore/src/project/index.ts'

const folder = process.env.PRESCORE_BENCH_FOLDER ?? '.'
const names = [
  'f0',
  'f1',
  'f2',
  'f3',
  'f4',
  'f5',
  'f6',
  'f7',
  'f8',
  'f9',
  'f10',
  'f11',
  'f12',
  'f13',
  'f14',
  'f15',
  'f16',
  'f17',
  'f18',
  'f19',
] as const
const numbers = Object.fromEntries(names.map(name => [name, 'float64'])) as Record<(typeof names)[number], 'float64'>

const rows = table({ files: join(folder, 'rows.parquet'), columns: { key: 'int64', ...numbers } })
const row = entity({ key: 'int64' })
const own = rows.by(row).features(f => Object.fromEntries(names.map(name => [name, f.last(name)])))

export default defineProject({
  sources: { rows },
  predictions: {
    score: prediction({
      entity: row,
      join: s => ({ own: own.at(s.key) }),
      features: s => s.join.own,
      model: onnx(join(folder, 'model.onnx')),
      population: rows.keys(row),
      policy: { mode: 'batch' },
      outputs: { scores: file({ path: join(folder, 'ours.parquet') }) },
    }),
  },
})
