/** Data that is JSON text already and must stay as it is, byte for byte (an import, a request as received); line ends between its values become spaces. */
export class JsonText {
  readonly text: string
  /** @throws SyntaxError when it is not JSON. */
  constructor(text: string) {
    JSON.parse(text)
    this.text = text
  }

  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

// An escape stands behind an even number of backslashes. Half a surrogate pair, or U+0000: json takes it in, nothing takes it out.
const lostEscape =
  /(?<!\\)(?:\\\\)*\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u)[dD][c-fC-F][0-9a-fA-F]{2})/

/** JSON text of a value, or what is wrong with it. */
export function jsonOf(value: unknown): { readonly text: string } | { readonly wrong: string } {
  const text = value instanceof JsonText ? value.text.replaceAll(/[\r\n]/g, ' ') : JSON.stringify(value)
  if (text === undefined) return { wrong: `got ${typeof value}, which JSON has no word for` }
  if (text.includes('\\u') && lostEscape.test(text))
    return { wrong: 'got text with U+0000 or half a surrogate pair in it' }
  if (value instanceof JsonText && /\p{Surrogate}/u.test(text)) return { wrong: 'got text with half a surrogate pair' }
  return { text }
}
