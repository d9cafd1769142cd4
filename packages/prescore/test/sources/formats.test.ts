/** Every format of files, plain and compressed. */
import { testSourceFormat } from '../conformance/source-format.ts'
import { Place } from '../parquet/place.ts'
import { csvText, jsonObjects, writeParquetRows, writeText } from './written.ts'

const place = await Place.open()

testSourceFormat('Parquet', { place, ending: '.parquet', write: (...args) => writeParquetRows(place, ...args) })

for (const ending of ['.csv', '.csv.gz', '.csv.zst']) {
  testSourceFormat(`CSV, ${ending}`, { place, ending, write: async (file, ...rows) => writeText(place, file, csvText(...rows)) })
}
testSourceFormat('CSV with semicolons and CRLF', {
  place,
  ending: '.csv',
  write: async (file, ...rows) => writeText(place, file, csvText(...rows, ';', '\r\n')),
})
testSourceFormat('TSV', { place, ending: '.tsv', write: async (file, ...rows) => writeText(place, file, csvText(...rows, '\t')) })

for (const ending of ['.ndjson', '.jsonl.gz', '.json.zst']) {
  testSourceFormat(`JSON lines, ${ending}`, {
    place,
    ending,
    write: async (file, ...rows) => writeText(place, file, `${jsonObjects(...rows).join('\n')}\n`),
  })
}
for (const ending of ['.json', '.json.gz']) {
  testSourceFormat(`JSON array, ${ending}`, {
    place,
    ending,
    write: async (file, ...rows) => writeText(place, file, `[\n${jsonObjects(...rows).join(',\n')}\n]`),
  })
}
