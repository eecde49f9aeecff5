// 10,000 events a second arrive while somebody works on the console's list: how long each thing they do takes until it shows, and whether every
// position is listed or said to be passed over.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { full, report } from '../harness/report.ts'

const perSecond = 10_000
const rounds = full ? 60 : 20
const goalMs = 100

const child = fork(join(import.meta.dirname, 'flood.ts'), [String(perSecond)], { execArgv: process.execArgv })
const { link } = await heard<{ link: string }>(child)
const chrome = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const browser = await chromium.launch({ executablePath: chrome, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
await page.goto(link)
await page.goto(`${new URL(link).origin}/events`)
await page.getByText('Live').first().waitFor()
await page.evaluate(watchInteractions)
child.send('flow')
const began = performance.now()
await page.getByText('passed over.').first().waitFor()

for (let round = 0; round < rounds; round++) await work(page)
const seconds = (performance.now() - began) / 1_000
child.send('rest')
const { recorded, last } = await heard<{ recorded: number; last: number }>(child)
const tookMs = await page.evaluate(() => (globalThis as any).took as number[])
const told = await settled(page, last)
await browser.close()
child.send('stop')
await once(child, 'exit')

const sorted = tookMs.toSorted((a, b) => a - b)
const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.POSITIVE_INFINITY
const rate = Math.round(recorded / seconds)
report(
  [
    { name: 'events a second', value: String(rate), goal: `≥ ${perSecond * 0.95}`, met: rate >= perSecond * 0.95 },
    { name: 'interactions', value: String(sorted.length) },
    { name: 'until it shows, p50', value: `${sorted[sorted.length >> 1]} ms` },
    { name: 'until it shows, p95', value: `${p95} ms`, goal: `< ${goalMs} ms`, met: p95 < goalMs },
    { name: 'longest', value: `${sorted.at(-1)} ms` },
    { name: 'positions of the log', value: String(last) },
    {
      name: 'listed + said to be passed over',
      value: `${told.listed} + ${told.passedOver}`,
      goal: 'every position',
      met: told.listed + told.passedOver === last,
    },
  ],
  `console: ${rate} events/s, interaction p95 ${p95} ms, ${last - told.listed - told.passedOver} positions unsaid`,
)

/** What a person does: words typed and taken away, an event looked at, the list held and let go. */
async function work(on: Page): Promise<void> {
  const words = on.getByRole('searchbox', { name: 'Words in an event' })
  await words.click()
  await on.keyboard.type('r7')
  await on.keyboard.press('Backspace')
  await on.keyboard.press('Backspace')
  await on.getByRole('button', { name: 'Pause' }).click()
  await on.getByRole('region', { name: 'Events, newest first' }).getByRole('link').nth(3).click()
  await on.getByRole('link', { name: 'Close event' }).click()
  await on.getByRole('button', { name: 'Go on' }).click()
}

/** Milliseconds from each key or click to the frame that shows what came of it, as the browser itself measures them (16 ms where it is less). */
function watchInteractions(): void {
  const took: number[] = []
  const longest = new Map<number, number>()
  Object.assign(globalThis, { took })
  const watch = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEventTiming & { interactionId: number })[]) {
      if (entry.interactionId === 0) continue
      const before = longest.get(entry.interactionId)
      if (before === undefined) took.push(entry.duration)
      else if (entry.duration > before) took[took.indexOf(before)] = entry.duration
      longest.set(entry.interactionId, Math.max(before ?? 0, entry.duration))
    }
  })
  watch.observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit)
}

/** What the list says once it has heard of the last position. */
async function settled(on: Page, until: number): Promise<{ listed: number; passedOver: number }> {
  const said = on.getByRole('main').getByRole('status').first()
  for (;;) {
    const text = (await said.textContent()) ?? ''
    const number = (pattern: RegExp) => Number((pattern.exec(text)?.[1] ?? '0').replaceAll(',', ''))
    const [listed, passedOver] = [number(/([\d,]+) events? listed/), number(/([\d,]+) positions? passed over/)]
    if (listed + passedOver >= until) return { listed, passedOver }
    await on.waitForFunction((before) => document.querySelector('main [role=status]')?.textContent !== before, text)
  }
}

async function heard<Said>(process: ChildProcess): Promise<Said> {
  const [said] = (await once(process, 'message')) as [Said]
  return said
}
