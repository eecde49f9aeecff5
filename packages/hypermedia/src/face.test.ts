import { describe, expect, it } from 'vitest'
import { chooseFace } from './face.ts'
import { expectedOf, idempotencyKeyOf, isKnown, traceparentOf } from './precondition.ts'

describe('the face of a document', () => {
  const have = ['application/hal+json', 'application/json', 'text/html'] as const
  it.each([
    [null, 'application/hal+json'],
    ['', 'application/hal+json'],
    ['*/*', 'application/hal+json'],
    ['application/*', 'application/hal+json'],
    ['text/*', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['application/json;q=0.5, text/html;q=0.4', 'application/json'],
    ['text/html, application/json', 'application/json'],
    ['*/*;q=0.1, text/html', 'text/html'],
    ['application/hal+json;q=0, */*', 'application/json'],
    ['application/*;q=0.2, application/json;q=0.1, text/html;q=0.15', 'application/hal+json'],
    ['text/html;level=1', 'text/html'],
    ['image/png', undefined],
    ['text/html;q=0', undefined],
    ['text/html;q=nonsense', undefined],
    [',;,=', undefined],
  ])('for %s is %s', (accept, face) => {
    expect(chooseFace(accept, have)).toBe(face)
    expect(chooseFace(accept, have)).toBe(face)
  })

  it('is found in a header of any length', () => {
    expect(chooseFace(`${'x/y,'.repeat(100_000)}text/html`, have)).toBeUndefined()
    for (let n = 0; n < 2000; n++) chooseFace(`text/html;n=${n}`, have)
    expect(chooseFace('text/html', have)).toBe('text/html')
  })
})

describe('a precondition', () => {
  it('knows versions', () => {
    expect(['"7"', 'W/"7"', '"1", "7"', '*'].map((header) => isKnown(header, '"7"'))).toEqual([true, true, true, true])
    expect([null, '7', '"77"', ''].map((header) => isKnown(header, '"7"'))).toEqual([false, false, false, false])
    expect(['"7"', '*', undefined].map((header) => expectedOf(header))).toEqual([{ expected: 7 }, {}, {}])
    for (const never of ['"x"', 'W/"7"', '7', '"07"', '"-1"', '']) expect(expectedOf(never)).toEqual({ expected: -1 })
    expect(expectedOf('"7", "8"')).toMatchObject({ problem: { status: 400, code: 'HW_IF_MATCH_INVALID' } })
  })

  it('knows keys, bare or quoted', () => {
    expect([idempotencyKeyOf('k-1'), idempotencyKeyOf('"k-1"')]).toEqual([
      { idempotencyKey: 'k-1' },
      { idempotencyKey: 'k-1' },
    ])
    for (const bad of ['', ' ', 'a b', 'é', '"', 'x'.repeat(256)]) {
      expect(idempotencyKeyOf(bad)).toMatchObject({ problem: { status: 400, code: 'HW_IDEMPOTENCY_KEY_INVALID' } })
    }
  })

  it('passes on a trace only when it is one', () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    expect(traceparentOf(trace)).toEqual({ traceparent: trace })
    for (const bad of [
      null,
      'x',
      trace.toUpperCase(),
      trace.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    ]) {
      expect(traceparentOf(bad)).toEqual({})
    }
  })
})
