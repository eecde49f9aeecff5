import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'
import { it } from 'vitest'

const chrome = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
export const hasBrowser = existsSync(chrome)

// Without a browser these tests are skipped, and counted so; where everything has to be tried, that is a failure.
if (!hasBrowser && process.env['CI'] === 'true')
  it('finds a browser', () => {
    throw new Error(
      `Expected Chromium at ${chrome}, found none. Install it (apt-get install chromium), or say where with CHROMIUM.`,
    )
  })

export function launch(): Promise<Browser> {
  const flags = ['gpu', 'quic', 'background-networking', 'component-update', 'sync'].map((name) => `--disable-${name}`)
  return chromium.launch({ executablePath: chrome, args: ['--no-sandbox', '--no-first-run', ...flags] })
}

/** What is wrong for people who see, hear or move otherwise, as axe-core finds it. */
export async function barriers(page: Page): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  // Through the debugger, which the page's policy does not bind; the page itself may load no other script.
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => (globalThis as any).axe.run())
  return violations.map(({ id, nodes }: any) => `${id}: ${nodes.map(({ html }: any) => html).join(' ')}`)
}
