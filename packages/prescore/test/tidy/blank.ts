/**
 * Blanks comments and the contents of strings, templates and regular expressions with spaces, so that the rules see
 * code only. Lines and offsets stay. TypeScript has no parser for programs here, and none is needed for this.
 */
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|[`{}/]/g
const TEMPLATE_TEXT = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{|$)/y
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
/** What stands before a slash that begins a regular expression; otherwise it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};<>+*%~^-]|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/

export function blank(text: string): string {
  let code = ''
  /** For each open template, the depth of braces within its current placeholder. */
  const depths: number[] = []
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = code.length
    return pattern.exec(text)?.[0] ?? ''
  }
  const template = (): void => {
    const found = take(TEMPLATE_TEXT)
    const end = found.endsWith('${') ? '${' : found.endsWith('`') ? '`' : ''
    code += spaces(found.slice(0, found.length - end.length)) + end
    if (end === '${') depths.push(0)
  }
  const brace = (character: string): void => {
    code += character
    const depth = depths.pop()
    if (depth === undefined) return
    if (character === '}' && depth === 0) template()
    else depths.push(depth + (character === '{' ? 1 : -1))
  }
  while (code.length < text.length) {
    TOKEN.lastIndex = code.length
    const match = TOKEN.exec(text)
    code += text.slice(code.length, match?.index)
    if (match === null) break
    const [token] = match
    if (token === '`') {
      code += token
      template()
    } else if (token === '{' || token === '}') brace(token)
    else if (token === '/') code += regexOrSlash(BEFORE_REGEX.test(code) ? take(REGEX) : '')
    else if (token.startsWith('/')) code += spaces(token)
    else code += token[0] + spaces(token.slice(1, -1)) + token[0]
  }
  return code
}

function regexOrSlash(regex: string): string {
  return regex === '' ? '/' : `/${spaces(regex.slice(1, -1))}/`
}

function spaces(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
