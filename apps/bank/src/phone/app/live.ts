import { kept } from './kept.ts'

/** One thing the customer was told. */
export interface News {
  readonly number: number
  readonly text: string
  readonly about: string
}

let stream: EventSource | undefined

/** Listens from where this phone was, so that what came meanwhile is told as well; the browser connects again by itself. */
export function listen(told: (news: News) => void): void {
  stream?.close()
  const last = kept.get<number>('last')
  stream = new EventSource(new URL(`../live${last === undefined ? '' : `?after=${last}`}`, location.href))
  stream.addEventListener('told', (event) => {
    const news = JSON.parse((event as MessageEvent<string>).data) as News
    if (news.number <= (kept.get<number>('last') ?? 0)) return
    kept.set('last', news.number)
    told(news)
  })
  // A browser gives up after an answer that is no stream; a page that is looked at tries again.
  stream.addEventListener('error', () => {
    if (stream?.readyState === EventSource.CLOSED) setTimeout(() => listen(told), 5_000)
  })
}

export function hush(): void {
  stream?.close()
  stream = undefined
}
