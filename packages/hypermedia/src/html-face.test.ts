import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { link, resource, serve, type Handler } from './index.ts'

const WICKED = `"><script>alert(1)</script>'&`
const kept: { input: unknown; idempotencyKey?: string | undefined; expected?: number | undefined }[] = []

const pot = resource('/pots/{potId}', {
  title: 'A pot',
  state: z.object({ name: z.string(), saved: z.int() }),
  links: { other: () => link('shops:shop', { shopId: 's1' }, { title: WICKED }) },
  actions: {
    save: {
      scope: 'w',
      title: 'Save',
      input: z.object({ amountMinor: z.int().min(1), gift: z.boolean() }),
      ifMatch: 'required',
    },
    open: { scope: 'w', create: 'client', input: z.object({ name: z.string().meta({ title: WICKED }) }) },
  },
})

let get: (path: string) => Promise<{ answer: Response; text: string }>
let submit: (form: Form, values: Record<string, string>) => Promise<Response>

interface Form {
  readonly action: string
  readonly fields: Record<string, string>
}

/** What a browser would send of a form, without scripts. */
function formsIn(page: string): Form[] {
  const unescape = (text: string) =>
    text
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
  return [...page.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)].map(([, action, inside]) => ({
    action: action!,
    fields: Object.fromEntries(
      [...inside!.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name!,
        unescape(value!),
      ]),
    ),
  }))
}

beforeEach(() => {
  kept.length = 0
  const handler: Handler = serve([pot], {
    service: 'pots',
    basePath: '/pots',
    resolve: () => Promise.resolve(undefined),
    implementation: {
      pot: {
        read: async ({ potId }) => (potId === 'p1' ? { state: { name: WICKED, saved: 5 }, version: 7 } : undefined),
        act: async ({ input, idempotencyKey, expected, answer }) => {
          kept.push({ input, idempotencyKey, expected })
          if ((input as any).amountMinor === 13) return answer({ kind: 'refused', code: 'unlucky', sentence: WICKED })
          return answer({ kind: 'done', state: { name: 'x', saved: 6 }, version: 8 })
        },
      },
    },
  })
  const caller = { subject: 'ada', scopes: ['pots:read', 'w'] }
  const send = (path: string, init: RequestInit) =>
    handler(
      new Request(new URL(path, 'http://bank.test'), {
        ...init,
        headers: { accept: 'text/html,*/*;q=0.1', ...init.headers },
      }),
      { caller },
    )
  get = async (path) => {
    const answer = await send(path, {})
    return { answer, text: await answer.text() }
  }
  submit = (form, values) =>
    send(form.action, { method: 'POST', body: new URLSearchParams({ ...form.fields, ...values }) })
})

describe('the face for people', () => {
  it('runs no script, whatever the data says', async () => {
    for (const path of ['/pots/', '/pots/pots/p1', '/pots/rels', '/pots/rels/pot', '/pots/pots/nix', '/pots/nix']) {
      const { answer, text } = await get(path)
      expect(answer.headers.get('content-type'), path).toBe('text/html; charset=utf-8')
      const policy = answer.headers.get('content-security-policy')
      expect(policy).toMatch(/default-src 'none'.*form-action 'self'/)
      expect(policy).not.toContain('unsafe')
      expect(text, path).not.toMatch(/<script|\son\w+=|javascript:/i)
      expect(text, path).toContain('href="/pots/"')
    }
    expect((await get('/pots/pots/p1')).text).toContain('&lt;script&gt;alert(1)')
  })

  it('has the style that its policy allows', async () => {
    const { answer, text } = await get('/pots/')
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)![1]!
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))).toString('base64')
    expect(answer.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`)
  })

  it('has forms that work, say what was seen, and act once', async () => {
    const [save] = formsIn((await get('/pots/pots/p1')).text)
    expect(save).toMatchObject({ action: '/pots/pots/p1/save', fields: { _ifMatch: '"7"' } })
    const answer = await submit(save!, { amountMinor: '5' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pots/pots/p1'])
    await submit(save!, { amountMinor: '5', gift: 'true' })
    expect(kept).toEqual([
      { input: { amountMinor: 5, gift: false }, idempotencyKey: save!.fields['_idempotencyKey'], expected: 7 },
      { input: { amountMinor: 5, gift: true }, idempotencyKey: save!.fields['_idempotencyKey'], expected: 7 },
    ])
    expect(formsIn((await get('/pots/pots/p1')).text)[0]!.fields['_idempotencyKey']).not.toBe(
      save!.fields['_idempotencyKey'],
    )
  })

  it('creates from home, and sends on to what was created', async () => {
    const [open] = formsIn((await get('/pots/')).text)
    const answer = await submit(open!, { potId: 'a b/é', name: 'Holiday' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/pots/pots/a%20b%2F%C3%A9'])
    expect(kept[0]!.input).toEqual({ name: 'Holiday' })
  })

  it('says what is wrong', async () => {
    const [save] = formsIn((await get('/pots/pots/p1')).text)
    const invalid = await submit(save!, { amountMinor: '0' })
    expect([invalid.status, await invalid.text()]).toEqual([422, expect.stringContaining('/amountMinor')])
    const unlucky = await submit(save!, { amountMinor: '13' })
    expect([unlucky.status, await unlucky.text()]).toEqual([409, expect.stringContaining('unlucky')])
  })

  it('fills in templates without scripts', async () => {
    expect((await get('/pots/')).text).toContain('<form method="get" action="/pots/follow/pot">')
    const { answer } = await get('/pots/follow/pot?potId=p%2F1')
    expect([answer.status, answer.headers.get('location')]).toEqual([307, '/pots/pots/p%2F1'])
    expect((await get('/pots/follow/pot?potId=')).answer.status).toBe(400)
  })

  it('lets through what the schema lets through: any part may fit its pattern', async () => {
    const coded = resource('/codes/{codeId}', {
      state: z.object({}),
      links: {},
      actions: { set: { scope: 'w', input: z.object({ code: z.string().regex(/^[A-Z]{2}|x$/) }) } },
    })
    const handle = serve([coded], {
      service: 'codes',
      implementation: { code: { read: async () => ({ state: {} }), act: async () => expect.fail() } },
    })
    const request = new Request('http://bank.test/codes/1', { headers: { accept: 'text/html' } })
    const page = await (await handle(request, { caller: { subject: 'ada', scopes: ['codes:read', 'w'] } })).text()
    const pattern = /pattern="([^"]+)"/.exec(page)![1]!
    const fits = (text: string) => new RegExp(`^(?:${pattern})$`, 'v').test(text)
    expect(['AB12', 'AB', '12x', '12', 'aAB'].map(fits)).toEqual([true, true, true, false, false])
  })

  it('takes no form of another site', async () => {
    const [save] = formsIn((await get('/pots/pots/p1')).text)
    const body = new URLSearchParams({ ...save!.fields, amountMinor: '5' })
    const foreign = serve([pot], {
      service: 'pots',
      implementation: { pot: { read: async () => undefined, act: async () => expect.fail() } },
    })
    const answer = await foreign(
      new Request('http://bank.test/pots/p1/save', {
        method: 'POST',
        body,
        headers: { 'sec-fetch-site': 'cross-site' },
      }),
      { caller: { subject: 'ada', scopes: ['w'] } },
    )
    expect(await answer.json()).toMatchObject({ status: 403, code: 'HW_FOREIGN_FORM' })
  })
})
