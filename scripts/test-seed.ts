/** Loaded before each test file: one seed for all random data, so that `PRESCORE_SEED=… npm test` repeats a whole run. */
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.PRESCORE_SEED) })
