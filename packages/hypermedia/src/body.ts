import { trouble, type Trouble } from './problem.ts'
import { decode } from './path-template.ts'
import { badTextIn, parseStrict } from './strict-json.ts'

/** 1 MiB. */
export const MAX_BODY_BYTES = 1_048_576

/** Fields of a form; no form that a schema describes has as many. */
export const MAX_FIELDS = 1_000

export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, readonly string[]> }

/**
 * Reads a request's body within limits: size and number of fields (413), encoding and grammar (400), kind (415).
 * Nothing beyond the limit is read.
 */
export async function readBody(request: Request, { maxBytes = MAX_BODY_BYTES } = {}): Promise<Body | Trouble> {
  const kind = request.headers.get('content-type') ?? ''
  const [media = '', ...parameters] = kind.toLowerCase().split(';')
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
  if (request.headers.has('content-encoding') || (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset))) {
    return unsupported('Expected a body in plain UTF-8, got another encoding.')
  }
  const text = await textOf(request, maxBytes)
  if (typeof text !== 'string') return text
  if (text === '') return { kind: 'none' }
  const type = media.trim()
  if (type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type)) return parseStrict(text)
  if (type === 'application/x-www-form-urlencoded') return formOf(text)
  return unsupported(
    `Expected application/json or application/x-www-form-urlencoded, got ${type === '' ? 'no content-type' : type.slice(0, 100)}.`,
  )
}

const unsupported = (detail: string): Trouble =>
  trouble(415, {
    code: 'HW_MEDIA_TYPE_UNSUPPORTED',
    detail,
    headers: { 'accept-post': 'application/json, application/x-www-form-urlencoded' },
  })

const tooLarge = (maxBytes: number): Trouble =>
  trouble(413, {
    code: 'HW_BODY_TOO_LARGE',
    detail: `Expected at most ${maxBytes} bytes, got more.`,
    // The rest of the body is not read, so the connection cannot be used again.
    headers: { connection: 'close' },
  })

const utf8 = new TextDecoder('utf-8', { fatal: true })

async function textOf(request: Request, maxBytes: number): Promise<string | Trouble> {
  const bytes = await bytesOf(request, maxBytes)
  if ('kind' in bytes) return bytes
  try {
    return utf8.decode(bytes)
  } catch {
    return trouble(400, { code: 'HW_BODY_NOT_UTF8', detail: 'Expected UTF-8, got bytes that are none.' })
  }
}

async function bytesOf(request: Request, maxBytes: number): Promise<Uint8Array | Trouble> {
  const length = request.headers.get('content-length')
  if (Number(length ?? 0) > maxBytes) return tooLarge(maxBytes)
  if (length !== null) {
    // Said beforehand, so a server reads no more than that: it comes without the detour of a stream.
    const bytes = new Uint8Array(await request.arrayBuffer())
    return bytes.byteLength > maxBytes ? tooLarge(maxBytes) : bytes
  }
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > maxBytes) {
      reader.cancel().catch(() => undefined)
      return tooLarge(maxBytes)
    }
    chunks.push(value)
  }
  return Buffer.concat(chunks)
}

function formOf(text: string): Body | Trouble {
  if (/^\s*[{[]/.test(text)) {
    return unsupported(
      'Expected form fields, got what looks like JSON. Say so: content-type: application/json (curl: -H or --json).',
    )
  }
  const fields = new Map<string, string[]>()
  const pairs = text.split('&').filter((pair) => pair !== '')
  if (pairs.length > MAX_FIELDS) {
    return trouble(413, {
      code: 'HW_BODY_TOO_LARGE',
      detail: `Expected at most ${MAX_FIELDS} form fields, got ${pairs.length}.`,
    })
  }
  for (const pair of pairs) {
    const cut = pair.includes('=') ? pair.indexOf('=') : pair.length
    const name = decode(pair.slice(0, cut).replaceAll('+', ' '))
    const value = decode(pair.slice(cut + 1).replaceAll('+', ' '))
    if (name === undefined || value === undefined) {
      return trouble(400, { code: 'HW_BODY_NOT_UTF8', detail: 'Expected percent-encoded UTF-8, got something else.' })
    }
    if (name === '__proto__' || badTextIn([name, value], '') !== undefined) {
      return trouble(400, { code: 'HW_BODY_MALFORMED', detail: 'Expected no U+0000 and no field named __proto__.' })
    }
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  return { kind: 'form', fields }
}
