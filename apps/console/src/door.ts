import { problem } from '@headwater/hypermedia'

const safe = new Set(['GET', 'HEAD'])

/**
 * What is wrong with where a request comes from; undefined where nothing is. A page of another site may neither send requests here
 * (Origin, Sec-Fetch-Site) nor become this origin by a name of its own that leads to this machine (Host).
 * @param origin the console's own, `http://127.0.0.1:4001`
 */
export function foreign(request: Request, origin: string): Response | undefined {
  const { headers, method } = request
  const port = new URL(origin).port
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]
  const host = headers.get('host') ?? new URL(request.url).host
  if (!own.includes(host)) {
    return problem(421, {
      code: 'HW_FOREIGN_HOST',
      title: 'This is not the name of this console',
      detail: `Expected the host ${own[0]}, got "${host.slice(0, 200)}". Open ${origin}/.`,
    })
  }
  const from = headers.get('origin')
  if (from === null ? !safe.has(method) : from !== `http://${host}`) return strange(from ?? 'no origin', origin)
  const site = headers.get('sec-fetch-site')
  const opened = safe.has(method) && headers.get('sec-fetch-mode') === 'navigate'
  if (site !== null && site !== 'same-origin' && site !== 'none' && !opened) return strange(`a ${site} page`, origin)
  return undefined
}

function strange(from: string, origin: string): Response {
  return problem(403, {
    code: 'HW_FOREIGN_ORIGIN',
    title: 'This request comes from elsewhere',
    detail: `Expected a request of the console's own page at ${origin}, got one of ${from.slice(0, 200)}. Nothing was done.`,
  })
}
