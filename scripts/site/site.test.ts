import { createServer, type Server } from 'node:http'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { posix } from 'node:path'
import { parse, type ParserError } from 'parse5'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSite, type Site } from './site.ts'

const site: Site = makeSite()
const pages = [...site].filter((entry): entry is [string, string] => entry[0].endsWith('.html'))
const ids = new Map(pages.map(([path, html]) => [path, [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id!)]))

it('has a page for every document', () => {
  expect(pages.length).toBeGreaterThan(200)
  expect(site.has('index.html')).toBe(true)
  expect(site.has('docs/explanation/the-four-evolutions.html')).toBe(true)
})

it('links to what is there, down to the heading', () => {
  const broken = pages.flatMap(([path, html]) =>
    [...html.matchAll(/ (?:href|src)="([^"]+)"/g)]
      .map(([, href]) => href!)
      .filter((href) => !/^(https?|mailto):/.test(href))
      .filter((href) => {
        const [target, fragment] = href.split('#') as [string, string?]
        const found = target === '' ? path : posix.join(posix.dirname(path), target)
        return !site.has(found) || (fragment !== undefined && !ids.get(found)?.includes(fragment))
      })
      .map((href) => `${path} → ${href}`),
  )
  expect(broken).toEqual([])
})

it('is valid HTML, with each id once', () => {
  const wrong = pages.flatMap(([path, html]) => {
    const errors: string[] = []
    parse(html, { onParseError: ({ code, startLine }: ParserError) => errors.push(`${path}:${startLine} ${code}`) })
    const twice = ids.get(path)!.find((id, index, all) => all.indexOf(id) !== index)
    return twice === undefined ? errors : [...errors, `${path}: ${twice} twice`]
  })
  expect(wrong).toEqual([])
})

it('needs nothing from elsewhere, and no script', () => {
  const wanting = pages.filter(([, html]) => /<script|<iframe|(?:src|stylesheet" href)="https?:/.test(html))
  expect(wanting.map(([path]) => path)).toEqual([])
})

const chrome = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
// With CI=true nothing is skipped: without a Chromium these then fail.
describe.skipIf(!existsSync(chrome) && process.env.CI !== 'true')('in a browser', () => {
  let server: Server
  let browser: Browser
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://site').pathname.slice(1)
      const bytes = site.get(decodeURI(path))
      const type = path.endsWith('.css') ? 'text/css' : path.endsWith('.html') ? 'text/html' : 'image/png'
      response.writeHead(bytes === undefined ? 404 : 200, { 'content-type': type }).end(bytes)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    browser = await chromium.launch({ executablePath: chrome, args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  const shown = ['index.html', 'docs/tutorial.html', 'docs/reference/http.html', 'examples/alone/feed.ts.html']
  const cases = shown.flatMap((path) => (['light', 'dark'] as const).map((scheme) => ({ path, scheme })))

  it.each(cases)('$path is fit for everybody, $scheme', async ({ path, scheme }) => {
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1200, height: 900 } })
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`)
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
    const { violations } = await page.evaluate(() => (globalThis as any).axe.run())
    expect(violations.map(({ id, nodes }: any) => [id, nodes[0].html])).toEqual([])
    await page.close()
  })

  it.each(shown)('%s fits a phone, without JavaScript', async (path) => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`)
    const boxes = await Promise.all((await page.locator('main > *').all()).map((part) => part.boundingBox()))
    expect(Math.max(...boxes.map((box) => box!.x + box!.width))).toBeLessThanOrEqual(360)
    await page.getByRole('link', { name: 'Documents', exact: true }).click()
    await page.waitForURL(/#all-documents$/)
    await context.close()
  })
})
