/** The document as one page without scripts: it is readable where nothing from outside may be loaded. */
import { type Documented, operationsOf } from './document.ts'
import type { Operation } from './operation.ts'

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h2{margin-top:2.5rem}details{border-top:1px solid #ddd;padding:.4rem 0}summary{cursor:pointer}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f5f5f5;padding:.75rem;overflow:auto}b{display:inline-block;min-width:4rem}
table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}pre{background:#222}details{border-color:#333}a{color:#8ab4f8}}`

export function pageOf(documented: Documented): string {
  const byTag = Map.groupBy(operationsOf(documented), ({ tag }) => tag)
  const sections = [...byTag].map(([tag, operations]) => `<h2>${escaped(tag)}</h2>${operations.map(section).join('')}`)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Prescore API</title>
<style>${STYLE}</style></head><body><h1>API</h1><p><a href="/docs/openapi.json">openapi.json</a> is the same for machines: OpenAPI 3.1, with every schema.</p>
${sections.join('\n')}</body></html>`
}

function section({ method, path, summary, parameters = [], body = {}, responses }: Operation): string {
  const rows = parameters.map(({ name, required, schema, description = '' }) => [
    `<code>${escaped(String(name))}</code>`,
    required === true ? 'required' : '',
    `<code>${escaped(JSON.stringify(schema))}</code>`,
    escaped(String(description)),
  ])
  const bodies = Object.entries(body).map(([type, { example }]) => sample(`Body, ${type}`, example))
  const answers = Object.entries(responses).map(([status, { description, content = {} }]) => {
    const [example] = Object.values(content).flatMap(each => (each.example === undefined ? [] : [each.example]))
    return sample(`${status}: ${description}`, Number(status) < 300 ? example : undefined)
  })
  const table =
    rows.length === 0 ? '' : `<table>${rows.map(row => `<tr>${row.map(cell => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`
  return `<details><summary><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(summary)}</summary>${table}${[...bodies, ...answers].join('')}</details>`
}

function sample(title: string, example: unknown): string {
  const text = typeof example === 'string' ? example : JSON.stringify(example, null, 2)
  return `<p>${escaped(title)}</p>${text === undefined ? '' : `<pre>${escaped(text)}</pre>`}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
