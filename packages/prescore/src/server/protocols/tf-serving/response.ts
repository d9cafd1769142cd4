/** Answers as TensorFlow Serving writes them: floats always with a point or an exponent, bare tokens for what is not finite. */
import { valueText } from '../../../models/index.ts'
import type { NamedTensor } from '../tensors.ts'
import { servingError } from './document.ts'
import type { Form } from './predict.ts'

export function predictJson(form: Form, outputs: readonly NamedTensor[]): string {
  if (form === 'row') return `{"predictions":[${rowsOf(outputs).join(',')}]}`
  const [only, ...others] = outputs
  if (only !== undefined && others.length === 0) return `{"outputs":${tensorJson(only)}}`
  return `{"outputs":{${outputs.map(output => `${JSON.stringify(output.name)}:${tensorJson(output)}`).join(',')}}}`
}

/** One output: bare values; several: an object for each row. */
function rowsOf(outputs: readonly NamedTensor[]): readonly string[] {
  const [first] = outputs
  const rows = first?.shape[0] ?? 0
  for (const { name, shape } of outputs) {
    if (shape.length === 0) throw servingError('invalid_request', `Tensor name: ${name} has no shape information`)
    if (shape[0] !== rows)
      throw servingError('invalid_request', `Tensor name: ${name} has inconsistent batch size: ${shape[0]} expecting: ${rows}`)
  }
  if (outputs.length === 1) return Array.from({ length: rows }, (_, row) => rowJson(first as NamedTensor, row))
  return Array.from(
    { length: rows },
    (_, row) => `{${outputs.map(output => `${JSON.stringify(output.name)}:${rowJson(output, row)}`).join(',')}}`,
  )
}

function rowJson(tensor: NamedTensor, row: number): string {
  const width = tensor.shape.slice(1).reduce((product, length) => product * length, 1)
  return nested(tensor, 1, row * width).text
}

function tensorJson(tensor: NamedTensor): string {
  return nested(tensor, 0, 0).text
}

function nested(tensor: NamedTensor, axis: number, from: number): { readonly text: string; readonly next: number } {
  if (axis === tensor.shape.length) return { text: elementJson(tensor, from), next: from + 1 }
  const parts: string[] = []
  let next = from
  for (let i = 0; i < (tensor.shape[axis] as number); i++) {
    const part = nested(tensor, axis + 1, next)
    parts.push(part.text)
    next = part.next
  }
  return { text: `[${parts.join(',')}]`, next }
}

function elementJson({ name, type, data }: NamedTensor, i: number): string {
  if (type === 'string') {
    const text = data[i] as string
    return name.endsWith('_bytes') ? JSON.stringify({ b64: Buffer.from(text).toString('base64') }) : JSON.stringify(text)
  }
  if (type === 'bool') return data[i] === 1 ? 'true' : 'false'
  return type === 'float32' || type === 'float64' ? decimalText(data[i] as number, type) : String(data[i])
}

/** The shortest text that reads back in the number's own type. */
export function decimalText(value: number, type: 'float32' | 'float64'): string {
  if (!Number.isFinite(value)) return String(value)
  const text = valueText(value, type)
  return /[.e]/.test(text) ? text : `${text}.0`
}
