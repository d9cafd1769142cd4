/**
 * Every error that a user can meet, in one table.
 *
 * A code is part of the public contract: HTTP bodies, `--json` output and docs carry it. `status` is the HTTP
 * status, `retryable` says whether the same request may succeed later without a change, `fix` what to do.
 */

interface ErrorRow {
  readonly status: number
  readonly retryable: boolean
  readonly title: string
  readonly fix: string
}

const row = (status: number, title: string, fix: string, retryable = false): ErrorRow => Object.freeze({ status, retryable, title, fix })

export const ERRORS = Object.freeze({
  // The command line and the project file
  wrong_use: row(400, 'The command was used wrongly', 'Run `prescore help` or `prescore help <command>`.'),
  project_not_found: row(
    404,
    'No project file here',
    'Run this in the folder of prescore.config.ts, name it with --project, or start a project with `prescore init`.',
  ),
  file_exists: row(409, 'The file is there already', 'Nothing is overwritten: choose another folder, or move the file away.'),
  project_invalid: row(400, 'The project has problems', 'Run `prescore check` and mend each problem it lists.'),
  unknown_name: row(400, 'A name is not declared', 'Use one of the declared names.'),
  unknown_column: row(400, 'A column is not declared', 'Declare the column in `columns`, or correct its name.'),
  unnamed_source: row(400, 'A source has no name', 'List the source in `sources` of defineProject.'),
  invalid_name: row(400, 'A name cannot be used', 'Use letters, digits and underscores, beginning with a letter.'),
  duplicate_name: row(400, 'A name is used twice', 'Give each a name of its own.'),
  invalid_value: row(
    400,
    'A setting has a value it cannot have',
    'Give it a value as expected: docs/project.md has every setting with its type.',
  ),
  invalid_window: row(400, 'A window is not a duration', "Write a window like '15m', '3h', '7d', 'today', or 'all'."),
  wrong_type: row(
    400,
    'A type does not fit',
    'Give a value or an expression of the expected type: `.gt(…)`, `.eq(…)` or `.inDays()` make one of another.',
  ),
  zone_missing: row(400, 'A time zone is needed', "Give an explicit `zone`, such as 'UTC' or 'Europe/Paris'."),
  unknown_zone: row(400, 'The time zone is not known', "Use an IANA name, such as 'America/New_York'."),
  impure_function: row(
    400,
    'A function is not pure',
    'Use only its arguments and the allowed parts of Math; no clock, no randomness, nothing from outside.',
  ),
  function_failed: row(400, 'A declared function failed', 'Let it return a value of its kind, or undefined, for every row.'),
  label_leak: row(400, 'An input or feature can see the label', 'Remove the columns that the label reads from keys, inputs and as-of.'),
  not_supported: row(501, 'Not supported by this version', 'Write it as expected: this version knows no other way.'),

  // Data
  source_unreadable: row(400, 'A source cannot be read', 'Check that the files exist, are whole and are of the stated format.'),
  source_unavailable: row(503, 'A source cannot be asked', 'Check that the database is up and can be reached, then try again.', true),
  index_missing: row(400, 'A table is read by key without an index', 'Create an index on the columns of the key.'),
  source_changed: row(409, 'A source changed during the run', 'Run again with --repin to take the data as it is now.'),
  column_missing: row(
    400,
    'A declared column is not in the data',
    'Correct its name in `columns`, or say in `names` what the files call it.',
  ),
  column_type: row(400, 'A column has another type in the data', 'Declare the type that the data has, or convert the data.'),
  wrong_cell: row(400, 'A cell does not fit its column', 'Correct the cell, or declare the column as it is.'),
  missing_time: row(400, 'A row has no event time', 'Give every row an event time, or filter such rows out of the data.'),
  missing_id: row(400, 'A row has no id', 'Give every row an id, or declare the source without `id`.'),
  time_out_of_range: row(400, 'A time is out of range', 'Times must lie between the years 1685 and 2255.'),
  lossy_cast: row(400, 'A number would lose digits', 'Use the column as a key or id only, or declare it as a string.'),
  invalid_text: row(400, 'A text is not valid Unicode', 'Remove the lone surrogate.'),
  event_in_future: row(400, 'An event time lies in the future', 'Correct the clock of the sender, or allow a larger tolerance.'),
  event_expired: row(400, 'An event is older than what the log keeps', 'Drop it, or bring it in with the history.'),
  log_mismatch: row(
    409,
    'The event log was written for another declaration',
    'Give the changed column another name, or start a new log in an empty folder.',
  ),
  rows_not_reconciled: row(
    500,
    'Rows were lost while reading',
    'Repeat it when nothing writes to the files; if it happens again, report it.',
  ),
  empty_population: row(
    400,
    'The population has no rows',
    'Check that the as-of lies in the time of the data, and what `since` and `where` leave.',
  ),
  duplicate_keys: row(400, 'The population has a key twice', "Give each key one row, or make the entity's key longer."),
  no_training: row(400, 'The prediction has no training', 'Add `training` with rows, asOf and label.'),
  no_population: row(400, 'The prediction has no population', 'Add `population` to score ahead.'),

  // Models and releases
  model_unreadable: row(400, 'The model cannot be read', 'Check that the file is a whole ONNX model.'),
  model_mismatch: row(
    400,
    'The model does not fit the features',
    'Train the model on what `prescore dataset` writes, or correct the features.',
  ),
  model_unavailable: row(
    503,
    'The model server cannot be asked',
    'Check that it is up, and the url, the name and the version of the model.',
    true,
  ),
  model_changed: row(
    409,
    'The remote model is not the one that was frozen',
    'Put that one back, or run `prescore release` to freeze the new one.',
  ),
  model_output: row(400, 'The model has no such output', "Name one of the model's outputs."),
  expected_rows: row(400, 'The expected rows do not fit the model', 'Write the rows anew with the model, or remove the file.'),
  expected_differ: row(
    400,
    'The model does not answer as its training framework did',
    'Convert the model again, and look at what the converter warns of; if the rows are of another model, write them anew.',
  ),
  non_numeric_feature: row(400, 'A feature is not a number', 'Turn it into a number, a boolean or a duration.'),
  release_not_found: row(404, 'There is no such release', 'Run `prescore release`.'),
  release_differs: row(409, 'The release needs another project file', 'Restart the server: it reads the project file at its start.'),
  release_corrupt: row(500, 'A release is damaged', 'Remove it and run `prescore release` again.'),

  // Runs
  run_not_found: row(404, 'There is no such run', 'See `prescore runs`.'),
  feature_out_of_range: row(400, "A feature does not fit the model's number type", 'Bound the feature, or train the model on float64.'),
  value_not_finite: row(
    500,
    'The model gave NaN or infinity',
    'Look at the features of this row (`--explain`): if one is missing and the model cannot take that, give it a `default`.',
  ),
  model_failed: row(
    500,
    'The model failed on a row',
    'Look at the features of this row (`--explain`), and give them to the model where it was trained.',
  ),
  run_corrupt: row(500, 'A file of a run is damaged', 'Remove the folder of the run and repeat the command.'),
  run_failed: row(500, 'A shard failed', 'Read the reason, mend it, and repeat the command: finished shards are kept.'),
  worker_failed: row(500, 'A worker thread ended', 'Give it more memory, or repeat the command with --threads 1.'),
  shards_open: row(409, 'Shards are not finished yet', 'Run `prescore shard` for those that are open.', true),
  publish_conflict: row(409, 'Another run was published meanwhile', 'Look at `prescore runs`, then publish again if it is still wanted.'),
  earlier_as_of: row(
    409,
    'A run of a later as-of is served',
    'Leave it staged with --publish never; or, to serve the earlier moment all the same, give --publish force --reason "…" (`prescore publish`: --force --reason "…"). If the later run is wrong, `prescore rollback` first.',
  ),
  output_failed: row(
    500,
    'An output could not be written',
    'Mend what the message says, and repeat the command: what is written is left as it is.',
  ),
  output_mismatch: row(409, 'An output has another shape', 'Give the output another name, or remove what stands there.'),
  package_missing: row(500, 'A package is not installed', 'Install it beside prescore.'),
  nothing_to_roll_back: row(409, 'There is no earlier run', 'Publish a run first.'),

  // Stores
  store_unreadable: row(500, 'The store cannot be opened', 'Check the folder, its permissions and the disk.'),
  read_only: row(409, 'The state folder can only be read here', 'Let Prescore write its state folder, or ask where it may.'),
  file_unwritable: row(500, 'A file cannot be written', 'Check the folder, its permissions and the disk.'),
  store_format: row(500, 'The store has another format', 'Use the version of Prescore that wrote it, or start a new folder.'),

  // Requests
  unknown_prediction: row(404, 'There is no such prediction', 'GET /api/predictions lists them.'),
  unknown_model: row(404, 'There is no such model', 'GET /v2/models lists them.'),
  unknown_source: row(404, 'There is no such source', 'Use one of the names in `sources`.'),
  unknown_key: row(404, 'There is no answer for this key', 'Check the key; only keys in the population of the published run have one.'),
  invalid_key: row(400, 'The key does not fit the entity', 'Give each key column, with its type.'),
  invalid_input: row(400, 'An input does not fit its declaration', 'Give declared inputs only, each of its kind.'),
  missing_input: row(400, 'An input is missing', 'Give the input, or declare a default for it.'),
  invalid_attribute: row(400, 'An attribute does not fit its join', 'Set features of declared joins only, each of its kind.'),
  inputs_differ: row(
    404,
    'The stored answer was computed with other inputs',
    'Ask a prediction of mode live or hybrid, or give those inputs.',
  ),
  as_of_out_of_range: row(
    400,
    'The as-of is out of range',
    'Ask for an as-of that live features reach and that is not to come, or for none: then it is now.',
  ),
  busy: row(409, 'A run of this prediction is under way', 'GET /api/runs/{id} tells how far it is; start another when it has ended.', true),
  unauthorized: row(401, 'The token is missing or wrong', 'Send `Authorization: Bearer …` with the token of PRESCORE_ADMIN_TOKEN.'),
  forbidden: row(403, 'Only this machine may change it', 'Set PRESCORE_ADMIN_TOKEN for the server, and send it; or ask from there.'),
  nothing_logged: row(
    404,
    'No live answers were noted down',
    'Set `monitor: { audit: { sample: 0.01 } }` in the project file, and let a server answer live.',
  ),
  override_not_found: row(404, 'There is no such override', 'GET /api/predictions/{name}/overrides lists them.'),
  clock_not_simulated: row(409, "The clock is the machine's", 'Start the server with --now to move its clock.'),
  invalid_request: row(400, 'The request is not valid', 'Correct the request as the message says.'),
  invalid_json: row(400, 'The body is not valid JSON', 'Send one whole JSON value, encoded in UTF-8.'),
  invalid_utf8: row(400, 'The body is not UTF-8', 'Encode the body in UTF-8.'),
  body_cut_short: row(400, 'The body ends too early', 'Send the whole body again: nothing of it was taken.'),
  body_too_large: row(413, 'The body is too large', 'Send fewer requests at once.'),
  request_timeout: row(408, 'The request did not arrive in time', 'Send the whole request at once.', true),
  headers_too_large: row(431, 'The headers are too large', 'Send fewer or shorter headers, or a shorter address.'),
  unsupported_media: row(415, 'The content type is not known', 'Send application/json.'),
  method_not_allowed: row(405, 'The method is not allowed here', 'Use one of the allowed methods.'),
  route_not_found: row(404, 'There is no such route', 'GET /api/predictions is a good start.'),
  nothing_published: row(503, 'Nothing is published yet', 'Run `prescore run` for this prediction.', true),
  no_answer: row(503, 'No step could answer', 'See the reason; declare a default to answer in such cases.', true),
  not_ready: row(503, 'The server is not ready', 'Try again shortly.', true),
  overloaded: row(503, 'Too much is waiting already', 'Send fewer requests at once, and try again shortly.', true),
  deadline_exceeded: row(
    504,
    'The deadline passed before there was an answer',
    'Allow more time, or try again when less is going on.',
    true,
  ),
  project_closed: row(409, 'The project was closed', 'Open it again, or close it later.'),
  cancelled: row(499, 'The caller cancelled the request', 'Nothing: the caller no longer waits for the answer.'),

  // Degraded answers: reasons beside HTTP 200
  stale: row(200, 'The stored answer is older than max age', 'Run the prediction again, or raise `maxAge`.'),
  ingest_lag: row(200, 'The data that live features read lags more than max lag', 'Check the feed, or raise `maxLag`.'),

  // The machine
  server_unreachable: row(502, 'The server cannot be reached', 'Check the address, and that `prescore serve` runs there.', true),
  port_in_use: row(500, 'The port is in use', 'Stop the other process, or choose another with --port.'),
  interrupted: row(500, 'Interrupted', 'Repeat the command: finished work is kept.', true),
  internal: row(500, 'A defect of Prescore', 'Report it with the command and its output.'),
} satisfies Record<string, ErrorRow>)

export type ErrorCode = keyof typeof ERRORS

/** What was wrong: where it stands, what was found there, what was expected, and what to do. */
export interface ErrorDetails {
  readonly where?: string
  readonly found?: string
  readonly expected?: string
  /** Overrides the table's remedy where a more exact one is known. */
  readonly fix?: string
  readonly cause?: unknown
  /** The single problems behind this error, when several were found together. */
  readonly problems?: readonly Problem[]
}

/** One finding of a check, as plain data. */
export interface Problem {
  readonly code: ErrorCode
  readonly severity: 'error' | 'warning'
  readonly where: string
  readonly found: string
  readonly expected: string
  readonly fix: string
}

/** The only error that leaves a public function: it says what was wrong and what to do, in one sentence each. */
export class PrescoreError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(describe(code, details), details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'PrescoreError'
    this.code = code
    this.details = details
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable
  }

  get fix(): string {
    return this.details.fix ?? ERRORS[this.code].fix
  }

  /** Plain data for `--json`, HTTP and worker messages. */
  toJSON(): Record<string, unknown> {
    const { where, found, expected, problems } = this.details
    return { code: this.code, message: this.message, where, found, expected, fix: this.fix, retryable: this.retryable, problems }
  }
}

function describe(code: ErrorCode, { where, found, expected }: ErrorDetails): string {
  const parts = [where === undefined ? ERRORS[code].title : `${ERRORS[code].title}: ${where}`]
  if (found !== undefined) parts.push(`found ${found}`)
  if (expected !== undefined) parts.push(`expected ${expected}`)
  return `${parts.join('; ')}.`
}

/** The error that its plain data tells of: what crossed to another process is an error there too. */
export function errorFromJson({ code, where, found, expected, fix, problems }: Record<string, unknown>): PrescoreError {
  const details = Object.entries({ where, found, expected, fix, problems }).filter(([, value]) => value !== undefined)
  return new PrescoreError(code as ErrorCode, Object.fromEntries(details))
}

/** A problem with the table's remedy, unless a more exact one is given. */
export function problem(
  code: ErrorCode,
  where: string,
  found: string,
  expected: string,
  fix: string = ERRORS[code].fix,
  severity: Problem['severity'] = 'error',
): Problem {
  return { code, severity, where, found, expected, fix }
}
