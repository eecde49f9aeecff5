import fc from 'fast-check'
import { expect, it } from 'vitest'
import { memberText } from './member-text.ts'

/** JSON text of a value with white space wherever JSON allows it. */
function spaced(value: unknown, space: () => string): string {
  const parts = (texts: string[], open: string, close: string) =>
    `${open}${space()}${texts.join(`${space()},${space()}`)}${space()}${close}`
  if (Array.isArray(value))
    return parts(
      value.map((item) => spaced(item, space)),
      '[',
      ']',
    )
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return parts(
    Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}${space()}:${space()}${spaced(item, space)}`),
    '{',
    '}',
  )
}

const keys = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('id', '"data":', ',"data":{', 'data"', '\\'))
const objects = fc.dictionary(
  keys.filter((key) => key !== 'data'),
  fc.jsonValue(),
)
const spaces = fc.infiniteStream(fc.constantFrom('', '', ' ', '\n', '\t \r'))

it('takes out exactly what was put in, wherever it stands', () => {
  fc.assert(
    fc.property(objects, fc.jsonValue(), objects, spaces, (before, data, behind, stream) => {
      const space = () => stream.next().value as string
      const exact = spaced(data, space)
      const member = (object: object) => spaced(object, space).slice(1, -1).trim()
      const members = [member(before), `"data"${space()}:${space()}${exact}`, member(behind)].filter(
        (text) => text !== '',
      )
      expect(memberText(`${space()}{${space()}${members.join(`${space()},`)}${space()}}`, 'data')).toBe(exact)
      expect(memberText(`{${member(before)}}`, 'data')).toBeUndefined()
    }),
    { numRuns: 500 },
  )
})

it.each([
  ['{"data":1.10}', '1.10'],
  ['{"a":"x\\\\","data":-0.0e+5,"b":1}', '-0.0e+5'],
  ['{"a":{"data":1},"data":[1, {"data":"]}"}]}', '[1, {"data":"]}"}]'],
  ['{"data":true ,"data":false}', 'true'],
  ['{"dat":1}', undefined],
  ['[]', undefined],
])('of %s takes %s', (text, data) => {
  expect(memberText(text, 'data')).toBe(data)
})
