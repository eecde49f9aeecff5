const QUOTE = 34
const BACKSLASH = 92

/**
 * The text of one member of a JSON object, exactly as it stands: numbers, key order, double keys and white space unchanged.
 * The object must be valid JSON; with double keys the first counts. Undefined when it has no such member.
 */
export function memberText(object: string, name: string): string | undefined {
  const key = JSON.stringify(name)
  let at = skipSpace(object, 0)
  if (object[at] !== '{') return undefined
  at = skipSpace(object, at + 1)
  while (object.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(object, at)
    const valueStart = skipSpace(object, skipSpace(object, keyEnd) + 1)
    const valueEnd = endOfValue(object, valueStart)
    if (keyEnd - at === key.length && object.startsWith(key, at)) return object.slice(valueStart, valueEnd)
    at = skipSpace(object, valueEnd)
    if (object[at] !== ',') return undefined
    at = skipSpace(object, at + 1)
  }
  return undefined
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && text.charCodeAt(at) <= 32) at++
  return at
}

/** Index after the closing quote of the string that starts at `at`. */
function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end + 1
    end = text.indexOf('"', end + 1)
  }
  return text.length
}

function endOfValue(text: string, at: number): number {
  const first = text[at]
  if (first === '"') return stringEnd(text, at)
  if (first !== '{' && first !== '[') {
    while (at < text.length && !endsScalar(text.charCodeAt(at))) at++
    return at
  }
  let depth = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
      continue
    }
    if (code === 123 || code === 91) depth++
    else if ((code === 125 || code === 93) && --depth === 0) return at + 1
    at++
  }
  return at
}

/** White space, comma, bracket or brace. */
function endsScalar(code: number): boolean {
  return code <= 32 || code === 44 || code === 93 || code === 125
}
