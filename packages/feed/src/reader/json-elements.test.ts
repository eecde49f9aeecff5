import fc from 'fast-check'
import { expect, it } from 'vitest'
import { elementsOf } from './json-elements.ts'

it('gives each element as its exact text', () => {
  const text =
    ' { "a/\\"b" : [1, {"x":"]"}] , "n":-1.50e+3,"events" : [ {"a":12.50, "b":[1e400]} ,"]\\\\",  [] , 7,null ] , "z":1}'
  expect(elementsOf(text, 'events')).toEqual(['{"a":12.50, "b":[1e400]}', '"]\\\\"', '[]', '7', 'null'])
  expect(elementsOf('{"events":[]}', 'events')).toEqual([])
  expect(elementsOf('{"events":{}}', 'events')).toBeUndefined()
  expect(elementsOf('{"a":1}', 'events')).toBeUndefined()
})

it('agrees with JSON.parse on whatever there is', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.array(fc.jsonValue()),
      fc.constantFrom(0, 1),
      (rest, events, indent) => {
        const text = JSON.stringify({ ...rest, events }, undefined, indent)
        expect(elementsOf(text, 'events')!.map((element) => JSON.parse(element) as unknown)).toEqual(
          JSON.parse(JSON.stringify(events)),
        )
      },
    ),
    { numRuns: 500 },
  )
})
