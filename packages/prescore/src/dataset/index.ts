export { buildDataset, type DatasetReport } from './dataset.ts'
