/** The code blocks of a Markdown text. */
export interface Block {
  readonly file: string
  /** Of the line after the opening fence. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** The text of the HTML comment directly before the block. */
  readonly comment: string | undefined
}

const FENCE = /^( *)(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*\n([\s\S]*?)^ *\2[ \t]*$/gm
const COMMENT_BEFORE = /<!--((?:(?!-->)[\s\S])*)-->\s*$/

export function blocksOf(file: string, markdown: string): Block[] {
  const found = [...markdown.matchAll(FENCE)]
  return found.map(({ 0: whole, 1: indent = '', 3: language = '', 4: body = '', index }, i) => {
    const previous = found[i - 1]
    const before = markdown.slice(previous === undefined ? 0 : previous.index + previous[0].length, index)
    return {
      file,
      line: markdown.slice(0, index + whole.indexOf('\n') + 1).split('\n').length,
      language,
      text: body.replaceAll(new RegExp(`^ {0,${indent.length}}`, 'gm'), ''),
      comment: COMMENT_BEFORE.exec(before)?.[1]?.trim(),
    }
  })
}
