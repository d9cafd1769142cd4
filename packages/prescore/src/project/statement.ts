/** A statement of SQL, as far as it is read without a database: where texts, names and comments end, a semicolon within them ends nothing. */

/** Texts ('it''s', e'it\'s', $$it's$$), quoted names, and comments. */
const QUOTED = /\be'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\//gi

/** The statement without the semicolon that ends it. Undefined: there are several. */
export function oneStatement(text: string): string | undefined {
  // Of the same length: texts and names hold a place, comments hold none.
  const bare = text.replace(QUOTED, quoted => (/^(?:--|\/\*)/.test(quoted) ? ' ' : 'x').repeat(quoted.length))
  const end = bare.indexOf(';')
  if (end < 0) return text.trim()
  return bare.slice(end + 1).trim() === '' ? text.slice(0, end).trim() : undefined
}
