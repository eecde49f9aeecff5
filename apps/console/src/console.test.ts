import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { decider, events, resource, service } from '@headwater/service'
import { type Browser, type Locator, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { barriers, hasBrowser, launch } from './browser.fixture.ts'
import { greetings, type Stage, stage } from './landscape.fixture.ts'

const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url))
/** Pictures of the documents are taken when they are asked for, so that a test leaves the tree as it was. */
const picturing = process.env['HEADWATER_IMAGES'] !== undefined

const rivers = events('rivers', { Rose: { data: z.object({ centimetres: z.int() }), level: 'published' } })
const river = decider('river', rivers, {
  commands: { rise: z.object({ centimetres: z.int() }) },
  initialState: () => ({ centimetres: 0 }),
  decide: { rise: (cmd) => [rivers.Rose(cmd)] },
  evolve: { Rose: (_, e) => e },
})
/** A service that nobody knew when the page was opened. */
const late = service('rivers', {
  facts: rivers,
  resources: [resource('/rivers/{riverId}', river, { links: {}, actions: { rise: { scope: 'rivers:write' } } })],
})

const patience = { timeout: 20_000 }

describe.skipIf(!hasBrowser)('the console', () => {
  let on: Stage
  let browser: Browser
  let page: Page
  const troubles: string[] = []

  beforeAll(async () => {
    on = await stage()
    browser = await launch()
    page = await open()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await on?.stop()
  })

  /** A browser of its own that has entered by a link. */
  async function open(): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true })
    const opened = await context.newPage()
    opened.on('pageerror', (error) => troubles.push(error.message))
    opened.on('console', (line) => /Content Security|Trusted/.test(line.text()) && troubles.push(line.text()))
    await opened.goto(on.console.link())
    return opened
  }

  const screen = (name: string) => page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name }).click()
  const map = () => page.getByRole('region', { name: 'Map of services' })
  const row = (name: string) =>
    page
      .getByRole('region', { name: 'Table of services' })
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader').getByRole('link', { name, exact: true }) })

  async function picture(name: string): Promise<void> {
    if (!picturing) return
    await mkdir(images, { recursive: true })
    await page.setViewportSize({ width: 1280, height: 860 })
    await page.screenshot({ path: `${images}${name}.png`, animations: 'disabled' })
    await page.setViewportSize({ width: 1440, height: 900 })
  }

  async function payment(reference: string): Promise<string> {
    const person = { name: 'Ada', email: 'ada@example.org', address: 'Here 1' }
    const customer = await on.call('/customers/customers', person)
    const customerId = customer._links.self.href.split('/').at(-1)
    const account = (initialDepositMinor: number) =>
      on.call('/accounts/accounts', { customerId, name: 'Everyday', initialDepositMinor })
    const [from, to] = (await Promise.all([account(50_000), account(0)])).map(({ _links }) =>
      _links.self.href.split('/').at(-1),
    )
    await on.landscape.settled()
    const pay = { fromAccountId: from, toAccountId: to, amountMinor: 12_50, reference }
    const paid = await on.call('/payments/payments', pay)
    return paid._links.self.href.split('/').at(-1)
  }

  describe('landscape', () => {
    it('shows every service on the map and in the table, with who reads whom', async () => {
      for (const name of on.landscape.services.keys()) {
        await map().getByRole('link', { name }).waitFor()
        await row(name).waitFor()
      }
      await row('notifications').getByText('tell-of-arrivals').waitFor()
      await expect.poll(() => row('notifications').textContent(), patience).toMatch(/tell-of-arrivals ← payments/)
      await expect.poll(() => row('payments').textContent(), patience).toContain('accounts')
    })

    it('counts events as they come', async () => {
      await payment('counted')
      const { payments: kept } = await on.landscape.settled()
      await row('payments')
        .getByRole('cell', { name: String(kept), exact: true })
        .waitFor()
    })

    it('moves when a service is added, and when it is removed', async () => {
      await on.landscape.mount(late)
      await map().getByRole('link', { name: 'rivers' }).waitFor()
      await row('rivers').waitFor()
      await on.landscape.unmount('rivers', { discard: true })
      await map().getByRole('link', { name: 'rivers' }).waitFor({ state: 'detached' })
      await row('rivers').waitFor({ state: 'detached' })
    })

    it('tells of one service what it promises and who has declared to read it, and keeps that in the address', async () => {
      await map().getByRole('link', { name: 'payments' }).click()
      const beside = page.getByRole('complementary', { name: 'payments' })
      await beside.getByText('notifications/tell-of-arrivals').waitFor()
      await beside.getByRole('link', { name: 'Credited' }).waitFor()
      expect(new URL(page.url()).search).toBe('?service=payments')
      await page.reload()
      await beside.getByRole('link', { name: 'Credited' }).waitFor()
      await picture('console-landscape')
      await beside.getByRole('link', { name: 'Close payments' }).click()
      await beside.waitFor({ state: 'detached' })
    })

    it('says itself as a command and as curl', async () => {
      await page.getByRole('button', { name: 'As command' }).click()
      const dialog = page.getByRole('dialog', { name: 'As command and as curl' })
      await dialog.waitFor()
      expect(await dialog.getByLabel('Command').allTextContents()).toEqual([
        'headwater ps',
        expect.stringContaining(`'${on.landscape.url}status'`),
      ])
      expect(await barriers(page)).toEqual([])
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      expect(
        await page.getByRole('button', { name: 'As command' }).evaluate((one) => one === document.activeElement),
      ).toBe(true)
    })
  })

  describe('events', () => {
    const list = (): Locator => page.getByRole('region', { name: 'Events, newest first' })
    const said = (): Locator => page.getByRole('main').getByRole('status').first()

    it('shows a payment as it happens, with intent, effects and who consumed it', async () => {
      await screen('Events')
      await said().getByText('Live').waitFor()
      await payment('river boat')
      const made = list().getByRole('link').filter({ hasText: 'Credited' }).filter({ hasText: 'river boat' })
      await made.first().click()
      const beside = page.getByRole('complementary', { name: 'Credited of payments' })
      await beside.getByText('ada asked to transfer').waitFor()
      await beside.getByRole('list').getByRole('link', { name: 'NotificationWritten' }).waitFor()
      const readers = beside.getByRole('listitem').filter({ hasText: 'notifications/tell-of-arrivals' })
      await readers.getByText('handled, 1 event came of it').waitFor()
      await beside.getByLabel('Data').getByText('"river boat"').waitFor()
      await picture('console-events')
    })

    it('follows an effect to the event itself, and back', async () => {
      const before = page.url()
      await page.getByRole('complementary').getByRole('link', { name: 'NotificationWritten' }).click()
      await page.getByRole('complementary', { name: 'NotificationWritten of notifications' }).waitFor()
      await page.goBack()
      expect(page.url()).toBe(before)
      await page.getByRole('link', { name: 'Close event' }).click()
    })

    it('stands still while it is paused, says how much is newer, and then shows it', async () => {
      await page.getByRole('button', { name: 'Pause' }).click()
      await payment('while paused')
      await said()
        .getByText(/Paused; [1-9]\d* newer/)
        .waitFor()
      expect(await list().getByText('while paused').count()).toBe(0)
      await page.getByRole('button', { name: 'Go on' }).click()
      await list().getByRole('link').filter({ hasText: 'while paused' }).first().waitFor()
    })

    it('narrows by service, type, words and level, in the address', async () => {
      await page.getByRole('group', { name: 'Services' }).getByRole('button', { name: 'payments' }).click()
      await page.getByRole('combobox', { name: 'Type' }).selectOption('PaymentMade')
      await page.getByRole('searchbox', { name: 'Words in an event' }).fill('while paused')
      await list().getByRole('link').filter({ hasText: 'while paused' }).first().waitFor()
      await expect.poll(() => list().getByRole('link').count(), patience).toBe(1)
      expect(new URL(page.url()).search).toBe('?service=payments&type=PaymentMade&q=while+paused')
      await page.reload()
      await expect.poll(() => list().getByRole('link').count(), patience).toBe(1)
      await page.goto(`${on.origin}/events?service=payments`)
      await list().getByRole('link').filter({ hasText: 'RequestReceived' }).first().waitFor()
      const published = page.getByRole('button', { name: 'Published only' })
      await published.click()
      await published.and(page.locator('[aria-pressed=true]')).waitFor()
      await list().getByRole('link').filter({ hasText: 'Credited' }).first().waitFor()
      expect(await list().getByText('RequestReceived').count()).toBe(0)
    })

    it('goes through a log from its beginning', async () => {
      await page.goto(`${on.origin}/events?service=payments&after=0`)
      await list().getByText('LedgerOpened').first().waitFor()
      await said()
        .getByText(/payments, positions 1 to/)
        .waitFor()
    })

    it('is read by keyboard alone', async () => {
      await page.goto(`${on.origin}/events?service=payments&after=0`)
      await list().getByText('LedgerOpened').first().waitFor()
      await list().focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      const chosen = list().locator('[aria-current=page]')
      await chosen.waitFor()
      const first = await chosen.textContent()
      await page.keyboard.press('ArrowUp')
      await expect.poll(() => chosen.textContent(), patience).not.toBe(first)
    })

    it('names the next command where nothing is', async () => {
      await page.goto(`${on.origin}/events?q=nothing-says-this`)
      await page.getByText('No event in the list holds these words').waitFor()
      expect(await page.getByLabel('Command').textContent()).toContain('headwater query')
    })
  })

  describe('an experiment', () => {
    const [days, perDay] = [8, 200]

    it('goes from its start to the decision of its rule while one looks', async () => {
      await screen('Experiments')
      await page.getByRole('link', { name: /greeted warmly answer more often/ }).click()
      await page.getByRole('region', { name: 'Decision' }).getByText('The rule waits').waitFor({ timeout: 20_000 })
      const kept = page.getByText('Kept: everybody gets warm, by its rule')
      for (let day = 0; day < days; day++) {
        const customers = Array.from({ length: perDay }, (_, index) => `c${day * perDay + index}`)
        await Promise.all(
          customers.map((customerId) => on.call(`/greetings/greetings/${customerId}/greet`, { customerId })),
        )
        await on.landscape.settled()
        await on.landscape.advance(86_400_000)
      }
      await kept.waitFor({ timeout: 60_000 })
      await page.getByText('As a table').first().waitFor({ timeout: 30_000 })
    }, 150_000)

    it('shows seal, intervals over time, exposures, ledger and epochs', async () => {
      const { declaration } = await on.call('/experiments/experiments/warm-greetings')
      await page.getByText(declaration.seal.slice(0, 16)).waitFor()
      const metric = page.getByRole('region', { name: 'share with Answered', exact: true })
      await expect.poll(() => metric.textContent(), patience).toMatch(/\+\d\d\.\d % ?\+\d+\.\d % to .*better/)
      await metric
        .getByRole('img', { name: /over time; the table below says the same/ })
        .locator('canvas')
        .waitFor()
      await metric.getByText('As a table').click()
      const looks = metric.getByRole('region', { name: 'share with Answered over time' }).getByRole('row')
      await expect.poll(() => looks.count(), patience).toBeGreaterThan(days / 2)
      // Each part is asked on its own, and shows what was known when it was asked.
      const part = (name: string) => expect.poll(() => page.getByRole('region', { name }).textContent(), patience)
      await part('Exposures').toMatch(/[1-9]\d* units exposed.*ratio as allocated/s)
      await part('Loss ledger').toMatch(/nothing lost/)
      await page.getByRole('region', { name: 'Epochs' }).getByText('Everybody gets warm').waitFor()
      // The service follows the decision in its own time; until then the screen says "not yet".
      await expect
        .poll(() => page.getByRole('region', { name: 'Epochs' }).textContent(), { timeout: 20_000 })
        .toMatch(/2Everybody gets warm.*greetings since position.*1By weight, 100 % take part/s)
      await page.reload()
      await metric.locator('canvas').waitFor()
      await picture('console-experiment')
    })

    it('lets a person take the decision back and kill it, and then lists what removal takes', async () => {
      await page.getByRole('button', { name: 'Take back' }).click()
      const dialog = page.getByRole('dialog', { name: 'Take back' })
      await dialog.getByRole('textbox').fill('too soon')
      expect(await dialog.getByRole('button', { name: 'Take back' }).isDisabled()).toBe(true)
      await dialog.getByRole('textbox').fill('We want to see who answers a second time.')
      await dialog.getByRole('button', { name: 'Take back' }).click()
      await dialog.waitFor({ state: 'detached' })
      await page.getByRole('region', { name: 'Epochs' }).getByText('3', { exact: true }).waitFor({ timeout: 20_000 })
      const act = (action: string, input: object) => on.call(`/experiments/experiments/warm-greetings/${action}`, input)
      await act('decide', { verdict: 'kill', reason: 'It is too warm for a bank of a river.' })
      const second = on.landscape.fetchAs('bob', ['experiments:decide', 'experiments:read'])
      const agreed = await second(new URL('/experiments/experiments/warm-greetings/agree', on.landscape.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      expect(agreed.status).toBe(200)
      const removal = page.getByRole('region', { name: 'What removal takes' })
      await removal.getByText('service greetings').waitFor({ timeout: 20_000 })
      await expect
        .poll(() => removal.textContent(), patience)
        .toMatch(/events, archived first; database \w+_greetings of \d+ MiB/)
      expect(await removal.getByLabel('Command').textContent()).toContain('headwater experiment remove warm-greetings')
    }, 60_000)
  })

  describe('ask', () => {
    it('answers a question that was completed from the catalogue, as a table and as CSV', async () => {
      await screen('Ask')
      const question = page.getByRole('textbox', { name: 'Question in SQL' })
      await question.pressSequentially('select reference, amountMinor from Paym')
      await page.getByRole('option', { name: /PaymentMade/, selected: true }).waitFor()
      await page.keyboard.press('Tab')
      await question.pressSequentially(`where reference = 'river boat'`)
      expect(await question.inputValue()).toBe(
        `select reference, amountMinor from PaymentMade where reference = 'river boat'`,
      )
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+Enter')
      const answer = page.getByRole('region', { name: 'Answer' })
      await answer.getByRole('cell', { name: 'river boat' }).waitFor()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        answer.getByRole('link', { name: 'CSV' }).click(),
      ])
      const chunks: Buffer[] = []
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
      expect(Buffer.concat(chunks).toString()).toBe('reference,amountMinor\nriver boat,1250\n')
    })

    it('says what is wrong with a question', async () => {
      await page.goto(`${on.origin}/ask?sql=${encodeURIComponent('drop table events')}`)
      await page
        .getByRole('alert')
        .filter({ hasText: /select/i })
        .waitFor()
    })
  })

  it('has no barriers on any screen, in light and dark, wide and narrow', async () => {
    const screens = ['/', '/events', '/experiments/warm-greetings', '/ask']
    const rest = [
      '/?service=payments',
      '/events?event=payments/1',
      '/experiments',
      '/ask?sql=select+1+as+one',
      '/nowhere',
    ]
    const looks = [
      { colorScheme: 'light', width: 1440, places: [...screens, ...rest] },
      { colorScheme: 'dark', width: 1440, places: [...screens, ...rest] },
      { colorScheme: 'dark', width: 390, places: screens },
    ] as const
    for (const { colorScheme, width, places } of looks) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height: 900 })
      for (const place of places) {
        await page.goto(on.origin + place)
        await page.getByRole('main').getByRole('heading').first().waitFor()
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
        expect({ place, colorScheme, width, wide, barriers: await barriers(page) }).toEqual({
          place,
          colorScheme,
          width,
          wide: false,
          barriers: [],
        })
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 })
  }, 300_000)

  it('costs at most 150 KiB before a screen shows, gzipped, fonts and all', async () => {
    for (const place of ['/', '/events', '/experiments', '/ask']) {
      const context = await browser.newContext()
      const fresh = await context.newPage()
      await fresh.goto(on.console.link())
      await fresh.goto(on.origin + place)
      await fresh.getByRole('main').getByRole('heading').first().waitFor()
      await fresh.evaluate(() => document.fonts.ready.then(() => undefined))
      const parts = await fresh.evaluate(() =>
        performance
          .getEntries()
          .filter(({ entryType, name }) => entryType === 'navigation' || name.includes('/assets/'))
          .map((one) => (one as PerformanceResourceTiming).encodedBodySize),
      )
      const all = parts.reduce((sum, part) => sum + part, 0)
      expect(all).toBeGreaterThan(90 * 1024)
      expect(all).toBeLessThanOrEqual(150 * 1024)
      await context.close()
    }
  }, 180_000)

  it('shows that the session has ended, and how to begin another', async () => {
    await page.goto(on.origin)
    await map().waitFor()
    await page.context().clearCookies()
    await page.getByRole('alert').getByText('headwater open').waitFor()
  })

  it('never met its own policy', () => {
    expect(troubles).toEqual([])
    expect(greetings.name).toBe('greetings')
  })
})
