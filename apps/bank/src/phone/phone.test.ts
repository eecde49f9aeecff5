import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allocationFacts, allocationOf } from '@headwater/experiment'
import { service } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { type Browser, chromium, type Page, type Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bank } from '../index.ts'
import { proposing } from './proposing.ts'

const chrome = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const isThere = existsSync(chrome)

// Without a browser these tests are skipped, and counted so; where everything has to be tried, that is a failure.
if (!isThere && process.env['CI'] === 'true')
  it('finds a browser', () => {
    throw new Error(
      `Expected Chromium at ${chrome}, found none. Install it (apt-get install chromium), or say where with CHROMIUM.`,
    )
  })

/** In the place of the service that keeps experiments: everybody who has paid before is proposed whom. */
const started = service('experiments', {
  facts: allocationFacts,
  resources: [],
  async start({ store }) {
    const data = { ...allocationOf(proposing), variants: { blank: 0, proposed: 100 } }
    const streams = [
      {
        stream: `experiment-${proposing.name}`,
        expected: 'any' as const,
        events: [{ type: 'AllocationChanged', data }],
      },
    ]
    await store.append({ streams, meta: { correlationId: 'start', causationId: 'start' } })
  },
})

describe.skipIf(!isThere)('the phone', () => {
  let landscape: Landscape
  let directory: string
  let server: Awaited<ReturnType<typeof throwAwayServer>>
  let browser: Browser
  let ada: Page
  let bob: Page
  const troubles: string[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-browser-'))
    server = await throwAwayServer()
    const needed = bank.filter(({ name }) => !['cards', 'insights', 'experiments'].includes(name))
    const options = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
    landscape = await startLandscape([started, ...needed], options)
    const flags = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map(
      (name) => `--disable-${name}`,
    )
    browser = await chromium.launch({ executablePath: chrome, args: ['--no-sandbox', '--no-first-run', ...flags] })
    ;[ada, bob] = [await phone(), await phone()]
  })
  afterAll(async () => {
    await browser?.close()
    await landscape?.stop()
    await server?.drop()
    await rm(directory, { recursive: true, force: true })
  })

  /** A phone of its own: nothing is shared with another but the bank. */
  async function phone(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true })
    const page = await context.newPage()
    page.on('pageerror', (error) => troubles.push(error.message))
    page.on('console', (line) => line.text().includes('Content Security Policy') && troubles.push(line.text()))
    await page.goto(new URL('/phone/app/', landscape.url).href)
    return page
  }

  async function arrive(page: Page, handle: string): Promise<void> {
    await page.getByLabel('Your name').fill(`${handle} Person`)
    await page.getByLabel('E-mail').fill(`${handle}@example.org`)
    await page.getByLabel('Address').fill('12 Water Lane')
    await page.getByLabel('Name to be paid by').fill(`@${handle}`)
    await page.getByRole('button', { name: 'Become a customer' }).click()
    await page.getByRole('button', { name: 'Open it' }).click()
    await total(page, '100.00')
  }

  const tab = (page: Page, name: string) => page.getByRole('navigation').getByRole('link', { name }).click()
  const total = (page: Page, sum: string) =>
    page.getByRole('region', { name: 'In all' }).getByText(sum, { exact: true }).waitFor()

  async function fillIn(page: Page, to: string, amount: string, reference: string): Promise<void> {
    await tab(page, 'Pay')
    await page.getByLabel('To', { exact: true }).fill(to)
    await page.getByLabel('Amount').fill(amount)
    await page.getByLabel('What for').fill(reference)
  }

  const payButton = (page: Page) => page.getByRole('button', { name: 'Pay', exact: true })

  /** What is wrong for people who see, hear or move otherwise, as axe-core finds it. */
  async function barriers(page: Page): Promise<string[]> {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    // Through the debugger, which the page's policy does not bind; the page itself may load no other script.
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => (globalThis as any).axe.run())
    return violations.map(({ id, nodes }: any) => `${id}: ${nodes.map(({ html }: any) => html).join(' ')}`)
  }

  it('takes two people from nothing to an account each', async () => {
    expect(await barriers(ada)).toEqual([])
    await Promise.all([arrive(ada, 'ada'), arrive(bob, 'bob')])
  })

  it('shows money that arrives on the other phone, live', async () => {
    await fillIn(ada, '@bob', '12.50', 'lunch')
    await payButton(ada).click()
    await bob.getByRole('status').getByText('12.50 arrived: lunch').waitFor()
    await total(bob, '112.50')
    await ada.getByRole('status').getByText('Paid 12.50 to @bob').waitFor()
    await total(ada, '87.50')
  })

  it('says why a payment was not made', async () => {
    await fillIn(ada, '@bob', '9999', '')
    await payButton(ada).click()
    await ada.getByRole('status').getByText('There is not that much in this account.').waitFor()
    await total(ada, '87.50')
  })

  it('pays once, though it is tapped twice and answers are lost', async () => {
    const lost: string[] = []
    // The bank hears every one of them. The phone hears only the answer to the sixth: four are one try of the client, with its repeats.
    await ada.route('**/pay/pay', async (route: Route) => {
      const answer = await route.fetch()
      if (lost.length === 5) return await route.fulfill({ response: answer })
      lost.push(route.request().headers()['idempotency-key']!)
      await route.abort('connectionreset')
    })
    await fillIn(ada, '@bob', '10', 'tickets')
    await payButton(ada).dblclick()
    await bob.getByRole('status').getByText('10.00 arrived: tickets').waitFor()
    await ada.getByRole('status').getByText('Paid 10.00 to @bob').waitFor()
    await ada.unroute('**/pay/pay')
    expect([lost.length, new Set(lost).size]).toEqual([5, 1])
    await landscape.settled()
    await ada.reload()
    await total(ada, '77.50')
    await total(bob, '122.50')
  })

  it('keeps a payment over no connection and a reload, and sends it once when there is one', async () => {
    await ada.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await fillIn(ada, '@bob', '7.50', 'river boat')
    await ada.context().setOffline(true)
    await payButton(ada).click()
    await ada.getByRole('region', { name: 'On its way' }).getByText('7.50 to @bob').waitFor()
    await ada.reload()
    await ada.getByText('No connection. This is how it was').waitFor()
    await total(ada, '77.50')
    await ada.getByRole('region', { name: 'On its way' }).getByText('7.50 to @bob').waitFor()
    expect(await barriers(ada)).toEqual([])
    await ada.context().setOffline(false)
    await bob.getByRole('status').getByText('7.50 arrived: river boat').waitFor()
    await total(ada, '70.00')
    await ada.getByRole('region', { name: 'On its way' }).waitFor({ state: 'detached' })
    await landscape.settled()
    await total(bob, '130.00')
  })

  it('hears what arrived while it was away', async () => {
    await bob.context().setOffline(true)
    await fillIn(ada, 'bob', '1.00', 'away')
    await payButton(ada).click()
    await ada.getByRole('status').getByText('Paid 1.00 to @bob').waitFor()
    await landscape.settled()
    await bob.context().setOffline(false)
    await bob.getByRole('status').getByText('1.00 arrived: away').waitFor()
    await tab(bob, 'News')
    const links = bob.getByRole('list', { name: 'What you were told' }).getByRole('link')
    await links.filter({ hasText: 'away' }).waitFor()
    expect((await links.allTextContents()).map((text) => text.split(' ')[0])).toEqual([
      '1.00',
      '7.50',
      '10.00',
      '12.50',
      '100.00',
    ])
  })

  it('proposes whom one paid last, keeps what was seen and tapped of it over no connection and a reload, and sends it once', async () => {
    const { log } = landscape.services.get('phone')!.store
    const seen = async () =>
      (await log.rows({ after: 0, limit: 100, types: ['VariantSeen'] })).map(({ data }) => JSON.parse(data).what)
    const proposed = ada.getByRole('group', { name: 'Paid last' }).getByRole('button', { name: '@bob' })
    await tab(ada, 'Pay')
    await proposed.waitFor()
    await ada.context().setOffline(true)
    await proposed.click()
    expect(await ada.getByLabel('To', { exact: true }).inputValue()).toBe('@bob')
    await ada.reload()
    await proposed.click()
    expect(await seen()).not.toContain('tapped')
    await ada.context().setOffline(false)
    await tab(ada, 'Accounts')
    await tab(ada, 'Pay')
    for (let at = await log.last(); (await seen()).length < 2;) at = await log.waitFor(at, { waitMs: 1_000 })
    expect((await seen()).sort()).toEqual(['seen', 'tapped'])
    const exposed = await log.rows({ after: 0, limit: 100, types: ['ExperimentExposed'] })
    expect(exposed.map(({ data }) => JSON.parse(data).variant)).toEqual(['proposed'])
  })

  it('has no barriers on any screen, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await bob.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const name of ['Accounts', 'Pay', 'Pots', 'News']) {
        await tab(bob, name)
        await bob.getByRole('link', { name, exact: false }).and(bob.locator('[aria-current=page]')).waitFor()
        expect(await barriers(bob)).toEqual([])
      }
    }
    await tab(bob, 'Accounts')
    await bob.getByRole('list', { name: 'Accounts' }).getByRole('link').click()
    await bob.getByText('river boat').waitFor()
    expect(await barriers(bob)).toEqual([])
  })

  it('can be installed, and leaves nothing on the phone of somebody who signs out', async () => {
    const { manifest, errors } = await installability(bob)
    expect([manifest['display'], errors]).toEqual(['standalone', []])
    await tab(bob, 'Accounts')
    await bob.getByRole('button', { name: 'Sign out' }).click()
    await bob.getByRole('button', { name: 'Become a customer' }).waitFor()
    expect(await bob.evaluate(() => JSON.stringify({ ...localStorage }))).not.toMatch(/bob|130|Everyday/)
    expect(troubles).toEqual([])
  })

  async function installability(page: Page) {
    const session = await page.context().newCDPSession(page)
    const { data } = await session.send('Page.getAppManifest')
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
    // A page of a test runs as if in private, where nothing is installed.
    const errors = installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')
    return { manifest: JSON.parse(data ?? '{}') as Record<string, unknown>, errors }
  }
})
