import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBody } from './body.ts'
import { isTrouble } from './problem.ts'
import { MAX_DEPTH, parseStrict } from './strict-json.ts'

const post = (
  body: BodyInit | null,
  type: string | null = 'application/json',
  headers: Record<string, string> = {},
) => {
  const request = new Request('http://bank.test/', { method: 'POST', body, duplex: 'half', headers } as RequestInit)
  if (type === null) request.headers.delete('content-type')
  else request.headers.set('content-type', type)
  return request
}
const outcome = async (request: Request, limits?: { maxBytes: number }) => {
  const body = await readBody(request, limits)
  return isTrouble(body) ? `${body.problem.status} ${body.problem.code}` : body
}
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('a body', () => {
  it('is JSON, a form, or nothing', async () => {
    expect(await outcome(post('{"a":[1,"x"]}'))).toEqual({ kind: 'json', value: { a: [1, 'x'] } })
    expect(await outcome(post('{"a":1}', 'application/vnd.pots+json; charset=UTF-8'))).toEqual({
      kind: 'json',
      value: { a: 1 },
    })
    const form = {
      kind: 'form',
      fields: new Map([
        ['a b', ['1', '2']],
        ['é', ['']],
      ]),
    }
    expect(await outcome(post('a+b=1&%C3%A9=&a%20b=2&', 'application/x-www-form-urlencoded'))).toEqual(form)
    expect(await outcome(post(null, null))).toEqual({ kind: 'none' })
    expect(await outcome(post('', 'image/png'))).toEqual({ kind: 'none' })
  })

  it.each([
    ['text', post('hello', 'text/plain'), '415 HW_MEDIA_TYPE_UNSUPPORTED'],
    ['nothing said', post('{}', null), '415 HW_MEDIA_TYPE_UNSUPPORTED'],
    ['latin-1', post('{}', 'application/json; charset=latin1'), '415 HW_MEDIA_TYPE_UNSUPPORTED'],
    ['compressed', post('{}', 'application/json', { 'content-encoding': 'gzip' }), '415 HW_MEDIA_TYPE_UNSUPPORTED'],
    [
      'what curl -d makes of JSON',
      post('{"a":1}', 'application/x-www-form-urlencoded'),
      '415 HW_MEDIA_TYPE_UNSUPPORTED',
    ],
    ['multipart', post('--x', 'multipart/form-data; boundary=x'), '415 HW_MEDIA_TYPE_UNSUPPORTED'],
    ['broken UTF-8', post(new Uint8Array([0x22, 0xc3, 0x28, 0x22])), '400 HW_BODY_NOT_UTF8'],
    ['overlong UTF-8', post(new Uint8Array([0x22, 0xc0, 0xaf, 0x22])), '400 HW_BODY_NOT_UTF8'],
    ['UTF-8 of a surrogate', post(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])), '400 HW_BODY_NOT_UTF8'],
    ['broken UTF-8 in a form', post('a=%ff', 'application/x-www-form-urlencoded'), '400 HW_BODY_NOT_UTF8'],
    ['half an escape in a form', post('a=%4', 'application/x-www-form-urlencoded'), '400 HW_BODY_NOT_UTF8'],
    ['a prototype in a form', post('__proto__=1', 'application/x-www-form-urlencoded'), '400 HW_BODY_MALFORMED'],
    ['U+0000 in a form', post('a=%00', 'application/x-www-form-urlencoded'), '400 HW_BODY_MALFORMED'],
    ['half of JSON', post('{"a":'), '400 HW_BODY_MALFORMED'],
    ['no end of a string', post('{"a'), '400 HW_BODY_MALFORMED'],
    ['a comment', post('{/**/}'), '400 HW_BODY_MALFORMED'],
    ['NaN', post('{"a":NaN}'), '400 HW_BODY_MALFORMED'],
    ['two values', post('{}{}'), '400 HW_BODY_MALFORMED'],
    ['a double key', post('{"a":1,"b":{"c":1,"c":2}}'), '400 HW_BODY_MALFORMED'],
    ['a double key in disguise', post('{"a":1,"\\u0061" : 2}'), '400 HW_BODY_MALFORMED'],
    ['a prototype', post('{"a":{"__proto__":{"admin":true}}}'), '400 HW_BODY_MALFORMED'],
    ['a prototype in disguise', post('{"__pr\\u006fto__":{}}'), '400 HW_BODY_MALFORMED'],
    ['a lone surrogate', post('{"a":["\\ud83d"]}'), '400 HW_BODY_MALFORMED'],
    ['a lone surrogate as a key', post('{"\\udc00":1}'), '400 HW_BODY_MALFORMED'],
    ['U+0000', post('"\\u0000"'), '400 HW_BODY_MALFORMED'],
    ['10,000 levels', post(nested(10_000)), '400 HW_BODY_MALFORMED'],
    ['10,000 levels without an end', post('{"a":'.repeat(10_000)), '400 HW_BODY_MALFORMED'],
    ['one level too many', post(nested(MAX_DEPTH + 1)), '400 HW_BODY_MALFORMED'],
  ])('is not %s', async (_, request, expected) => {
    expect(await outcome(request)).toBe(expected)
  })

  it('may be as deep as a form can be, and hold any character that is one', async () => {
    expect(await outcome(post(nested(MAX_DEPTH)))).toMatchObject({ kind: 'json' })
    expect(await outcome(post('{"😀":"\\ud83d\\ude00","constructor":1}'))).toEqual({
      kind: 'json',
      value: { '😀': '😀', constructor: 1 },
    })
    expect(await outcome(post('{"a":{"x":1},"b":{"x":1},"c":["x","x",{"x":"x"}]}'))).toMatchObject({ kind: 'json' })
  })

  it('is not read beyond the limit, whatever it says of its length', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    expect(await outcome(post(endless as BodyInit))).toBe('413 HW_BODY_TOO_LARGE')
    expect(pulled).toBeLessThan(20)
    expect(await outcome(post('x'.repeat(10_000_000)))).toBe('413 HW_BODY_TOO_LARGE')
    const lying = post('{}', 'application/json', { 'content-length': '99999999' })
    expect(await outcome(lying)).toBe('413 HW_BODY_TOO_LARGE')
    expect(await outcome(post('"12345678"'), { maxBytes: 10 })).toEqual({ kind: 'json', value: '12345678' })
    expect(await outcome(post('"123456789"'), { maxBytes: 10 })).toBe('413 HW_BODY_TOO_LARGE')
    expect(await outcome(post('"ééééé"'), { maxBytes: 11 })).toBe('413 HW_BODY_TOO_LARGE')
  })

  it('has as many form fields as a form can have, however small they are', async () => {
    const fields = (count: number) => outcome(post('a&'.repeat(count), 'application/x-www-form-urlencoded'))
    expect(await fields(1_000)).toEqual({ kind: 'form', fields: new Map([['a', Array(1_000).fill('')]]) })
    expect(await fields(1_001)).toBe('413 HW_BODY_TOO_LARGE')
    expect(await fields(400_000)).toBe('413 HW_BODY_TOO_LARGE')
  })

  it('means the same as to JSON.parse, for all JSON that means one thing', () => {
    const one = fc.json({ maxDepth: 6, stringUnit: 'grapheme' }).filter((text) => !/__proto__|\\u0000|\0/.test(text))
    fc.assert(
      fc.property(one, (text) => {
        expect(parseStrict(text)).toEqual({ kind: 'json', value: JSON.parse(text) })
      }),
      { numRuns: 500 },
    )
  })

  it('is refused or read, never thrown at', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 60 }),
        fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'x/y'),
        async (bytes, type) => {
          expect(['none', 'json', 'form', 'trouble']).toContain((await readBody(post(bytes, type))).kind)
        },
      ),
    )
  })
})
