import fc from 'fast-check'
import { parseTemplate } from 'url-template'
import { describe, expect, it } from 'vitest'
import { isName, pathTemplate } from './path-template.ts'
import { routes } from './routes.ts'

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/)
const literal = fc.stringMatching(/^[A-Za-z0-9._~:@-]{1,8}$/).filter((text) => text !== '.' && text !== '..')
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter(isName)

/** A template, and values for its variables. */
const filled = fc
  .record({
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
    literals: fc.array(literal, { minLength: 5, maxLength: 5 }),
    inPath: fc.nat(5),
    values: fc.array(text, { minLength: 5, maxLength: 5 }),
  })
  .map(({ names, literals, inPath, values }) => {
    const path = names.slice(0, inPath).map((one, index) => `/${literals[index]}/{${one}}`)
    const query = names.slice(inPath)
    const template = `${path.join('') || `/${literals[0]}`}${query.length > 0 ? `{?${query.join(',')}}` : ''}`
    return {
      template,
      variables: Object.fromEntries(names.map((one, index) => [one, values[index]!])),
      inPath: names.slice(0, inPath),
    }
  })

describe('a path template', () => {
  it('expands as RFC 6570 says, by another implementation', () => {
    fc.assert(
      fc.property(filled, ({ template, variables }) => {
        expect(pathTemplate(template).expand(variables)).toBe(parseTemplate(template).expand(variables))
      }),
    )
  })

  it('gives back what was put in, through a URL parser', () => {
    fc.assert(
      fc.property(filled, ({ template, variables, inPath }) => {
        const map = routes<string>()
        map.add('GET', pathTemplate(template), 'there')
        const url = new URL(pathTemplate(template).expand(variables), 'http://bank.test')
        const found = map.find('GET', url.pathname)
        expect(found?.target).toBe('there')
        expect({ ...found?.variables, ...Object.fromEntries(url.searchParams) }).toEqual(variables)
        expect(Object.keys(found!.variables)).toEqual(inPath)
      }),
      { numRuns: 500 },
    )
  })

  it.each([undefined, null, '', '.', '..'])('does not put %s into a path', (potId) => {
    expect(() => pathTemplate('/pots/{potId}').expand({ potId })).toThrow(
      expect.objectContaining({ code: 'HW_VARIABLE_MISSING' }),
    )
  })

  it.each([
    'pots',
    '/pots/',
    '/pots//x',
    '/a{b}',
    '/{+a}',
    '/{a}/{a}',
    '/{a}{?a}',
    '/pots{?}',
    '/pots?x=1',
    '/pö',
    '',
    '/{a-b}',
    '/{a*}',
  ])('is not %s', (path) => {
    expect(() => pathTemplate(path)).toThrow(expect.objectContaining({ code: 'HW_PATH_TEMPLATE' }))
  })
})

describe('routes', () => {
  it('prefer a literal, and go back when it leads nowhere', () => {
    const map = routes<string>()
    map.add('GET', pathTemplate('/pots/{potId}'), 'pot')
    map.add('GET', pathTemplate('/pots/best'), 'best')
    map.add('POST', pathTemplate('/pots/{potId}/save'), 'save')
    map.add('GET', pathTemplate('/pots/best/ever'), 'ever')
    expect(map.find('GET', '/pots/best')?.target).toBe('best')
    expect(map.find('GET', '/pots/b%65st')?.target).toBe('best')
    expect(map.find('POST', '/pots/best/save')).toEqual({ target: 'save', variables: { potId: 'best' } })
    expect(map.find('GET', '/pots/a%2Fb')?.variables['potId']).toBe('a/b')
    expect(map.find('GET', '/pots/__proto__')?.variables['potId']).toBe('__proto__')
    expect(map.find('GET', '/constructor')).toBeUndefined()
  })

  it('refuse two targets for one URL', () => {
    const map = routes<string>()
    map.add('GET', pathTemplate('/pots/{potId}'), 'pot')
    expect(() => map.add('GET', pathTemplate('/pots/{id}'), 'other')).toThrow(
      expect.objectContaining({ code: 'HW_ROUTE_CLASH' }),
    )
  })
})
