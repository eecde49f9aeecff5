import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type File, openConsole } from './index.ts'
import { type Stage, stage } from './landscape.fixture.ts'

const page: File = {
  bytes: Buffer.from(
    '<meta name="csp-nonce" nonce="%NONCE%"><meta name="entry" content="%ENTRY%"><title>%NAME%</title>',
  ),
  gzipped: Buffer.from(''),
  type: 'text/html',
  etag: '"1"',
}
let on: Stage
beforeAll(async () => {
  on = await stage({ of: ['accounts', 'payments'], files: async () => new Map([['/index.html', page]]) })
})
afterAll(() => on?.stop())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** As any program may ask: a browser would not let a page choose these headers. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, on.origin), { method, headers, agent: false }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts).toString() }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const code = ({ body }: Answer): string => JSON.parse(body).code
const at = (path: string) => `/at/${encodeURIComponent(new URL(on.landscape.url).origin)}${path}`

/** Enters by a new link. */
async function session(): Promise<{ cookie: string }> {
  const { headers } = await ask(on.console.link().slice(on.origin.length))
  return { cookie: String(headers['set-cookie']).split(';')[0]! }
}

describe('who may enter', () => {
  it('opens one session by a link, and no second', async () => {
    const link = on.console.link().slice(on.origin.length)
    const first = await ask(link)
    expect([first.status, first.headers['location']]).toEqual([303, '/'])
    expect(String(first.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict; Path=\/; Max-Age=\d+$/)
    const second = await ask(link)
    expect([second.status, second.headers['set-cookie']]).toEqual([401, undefined])
    expect(second.body).toContain('headwater open')
  })

  it('takes no link that was made by guessing, by another secret, or before this console began', async () => {
    const other = openConsole({
      entry: on.landscape.url,
      name: 'other',
      fetch,
      origin: () => on.origin,
      secret: 'another secret',
      files: async () => new Map(),
    })
    const older = openConsole({
      entry: on.landscape.url,
      name: 'older',
      fetch,
      origin: () => on.origin,
      secret: 'known to nobody else',
      now: () => Date.now() - 3_600_000,
      files: async () => new Map(),
    })
    for (const link of [other.link(), older.link(), `${on.console.link()}x`, `${on.origin}/?token=`])
      expect((await ask(link.slice(on.origin.length))).status).toBe(401)
  })

  it('answers nobody without a session, neither the page nor the landscape behind it', async () => {
    expect((await ask('/')).status).toBe(401)
    for (const path of [at('/status'), '/tail']) {
      const refused = await ask(path)
      expect([refused.status, code(refused)]).toEqual([401, 'HW_NO_SESSION'])
    }
    const forged = await ask(at('/status'), { cookie: (await session()).cookie.replace(/.$/, 'A') + 'A' })
    expect(forged.status).toBe(401)
  })

  it('asks the landscape in the operator’s name, and shows the page no token', async () => {
    const inside = await session()
    const status = await ask(at('/status'), inside)
    expect(JSON.parse(status.body).services.map(({ service }: { service: string }) => service)).toContain('payments')
    const shown = await ask('/', inside)
    expect(shown.body).toContain(`content="${on.landscape.url}"`)
    expect(JSON.stringify([shown.headers, shown.body, status.headers])).not.toMatch(/Bearer|eyJ/)
  })
})

describe('where requests may come from', () => {
  it('refuses another name for this machine', async () => {
    for (const host of ['headwater.evil.example', `evil.example:${new URL(on.origin).port}`, '127.0.0.1:80']) {
      const refused = await ask('/', { ...(await session()), host })
      expect([refused.status, code(refused)]).toEqual([421, 'HW_FOREIGN_HOST'])
      expect(refused.headers['content-type']).toMatch('application/problem+json')
    }
    expect((await ask('/', { ...(await session()), host: `localhost:${new URL(on.origin).port}` })).status).toBe(200)
  })

  it('refuses pages of another origin, also of another port of this machine', async () => {
    const inside = await session()
    const strangers: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: new URL(on.landscape.url).origin },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ]
    for (const stranger of strangers) {
      const refused = await ask(at('/status'), { ...inside, ...stranger })
      expect([refused.status, code(refused)]).toEqual([403, 'HW_FOREIGN_ORIGIN'])
    }
  })

  it('changes nothing for who does not say where the request comes from', async () => {
    const inside = { ...(await session()), 'content-type': 'application/json' }
    const sql = JSON.stringify({ sql: 'select 1 as one' })
    const refused = await ask(at('/lake/query'), inside, 'POST', sql)
    expect([refused.status, code(refused)]).toEqual([403, 'HW_FOREIGN_ORIGIN'])
    expect((await ask(at('/lake/query'), { ...inside, origin: on.origin }, 'POST', sql)).status).toBe(200)
  })

  it('asks nobody but the landscape', async () => {
    const inside = await session()
    for (const origin of ['https://evil.example', 'http://127.0.0.1:1', '%', on.origin]) {
      const refused = await ask(`/at/${encodeURIComponent(origin)}/`, inside)
      expect([refused.status, code(refused)]).toEqual([404, 'HW_NOT_OF_THE_LANDSCAPE'])
    }
  })
})

describe('what may run', () => {
  it('lets in nothing but its own files, with a nonce of its own for each look', async () => {
    const inside = await session()
    const policies = [await ask('/', inside), await ask('/', inside)].map(({ headers }) =>
      String(headers['content-security-policy']),
    )
    expect(policies[0]).toMatch(/default-src 'none'; script-src 'self'; .*style-src 'self' 'nonce-[\w+/=]+'/)
    expect(policies[0]).toMatch(/frame-ancestors 'none'; require-trusted-types-for 'script'/)
    expect(policies[0]).not.toMatch(/unsafe|\*/)
    expect(policies[0]).not.toBe(policies[1])
  })

  it('makes what a service answers data: no page, no script, no cookie', async () => {
    const answer = await ask(at('/payments/'), { ...(await session()), accept: 'text/html' })
    expect(answer.headers['content-security-policy']).toBe("default-src 'none'; sandbox")
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})
