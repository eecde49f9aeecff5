/**
 * The elements of the array that is the member `name` of a JSON object, each as its exact text: parsing and writing again would
 * change numbers and double keys. `text` must be valid JSON; undefined when there is no such array.
 */
export function elementsOf(text: string, name: string): string[] | undefined {
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (at < text.length && text[at] === '"') {
    const keyEnd = endOfValue(text, at)
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1)
    if (JSON.parse(text.slice(at, keyEnd)) === name) return text[value] === '[' ? elementsAt(text, value) : undefined
    at = skipSpace(text, endOfValue(text, value))
    if (text[at] !== ',') return undefined
    at = skipSpace(text, at + 1)
  }
  return undefined
}

function elementsAt(text: string, open: number): string[] {
  const elements: string[] = []
  let at = skipSpace(text, open + 1)
  while (text[at] !== ']' && at < text.length) {
    const end = endOfValue(text, at)
    elements.push(text.slice(at, end))
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return elements
}

/** Offset just behind the value that begins at `at`. */
function endOfValue(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const char = text[i]!
    if (char === '"') i = endOfString(text, i) - 1
    else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    else if (depth > 0 || !',: \n\r\t'.includes(char)) continue
    if (depth < 0) return i
    if (depth === 0) return ',: \n\r\t'.includes(char) ? i : char === '"' || char === '}' || char === ']' ? i + 1 : i
  }
  return text.length
}

function endOfString(text: string, open: number): number {
  let at = open + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) return text.length
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \n\r\t'.includes(text[at]!)) at++
  return at
}
