/** HTML made of texts: whatever is put into a template is escaped, unless it is HTML already. */

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | undefined | readonly Part[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => `${text}${i < parts.length ? textOf(parts[i]) : ''}`).join(''))
}

function textOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part))
  return part.map(textOf).join('')
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, found => ENTITIES[found] as string)
}

export interface Heading {
  readonly text: string
  /** Numbers stand to the right. */
  readonly isNumber?: boolean
}

/** A table with a caption that readers hear first; the first cell of each row is its heading. */
export function htmlTable(caption: string, headings: readonly Heading[], rows: readonly (readonly Part[])[]): Html {
  const side = ({ isNumber }: Heading) => (isNumber === true ? new Html(' class="number"') : undefined)
  const head = headings.map(heading => html`<th scope="col"${side(heading)}>${heading.text}</th>`)
  const body = rows.map(
    row =>
      html`<tr>${row.map((cell, i) => {
        const place = side(headings[i] as Heading)
        return i === 0 ? html`<th scope="row"${place}>${cell}</th>` : html`<td${place}>${cell}</td>`
      })}</tr>\n`,
  )
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

/** Names with what they stand for. */
export function htmlList(entries: readonly (readonly [name: string, ...parts: Part[]])[]): Html {
  return html`<dl>${entries.map(([name, ...parts]) => html`<div><dt>${name}</dt><dd>${parts}</dd></div>\n`)}</dl>`
}
