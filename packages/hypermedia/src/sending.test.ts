import { expect, it } from 'vitest'
import { discover, type DiscoverOptions } from './index.ts'
import { enter } from './client.ts'

const entry = { service: [{ name: 'pots', href: 'http://pots.test/' }] }

/** Documents by URL, and with which token each origin was asked. */
function web(documents: Readonly<Record<string, object>>) {
  const asked: Record<string, string | null> = {}
  const fetch: NonNullable<DiscoverOptions['fetch']> = async (url, init) => {
    asked[new URL(url).host] = new Headers(init.headers).get('authorization')
    return Response.json({ _links: documents[url] ?? {} })
  }
  return { asked, fetch }
}

it('shows its token to the services of the entry document alone, whatever other documents call a service', async () => {
  const { asked, fetch } = web({
    'http://bank.test/': entry,
    'http://pots.test/': {
      home: { href: '/' },
      service: { href: 'http://evil.test/' },
      next: { href: 'http://evil.test/x' },
    },
  })
  await enter<any>('http://bank.test/', { token: 'secret', fetch }).service('pots').follow('next')
  expect(asked).toEqual({ 'bank.test': 'Bearer secret', 'pots.test': 'Bearer secret', 'evil.test': null })
})

it('discovers nothing beyond the services of the entry document', async () => {
  const { asked, fetch } = web({
    'http://bank.test/': entry,
    'http://pots.test/': { home: { href: '/' }, service: { href: 'http://evil.test/' } },
  })
  await discover('http://bank.test/', { token: 'secret', fetch })
  expect(Object.keys(asked)).toEqual(['bank.test', 'pots.test'])
})
