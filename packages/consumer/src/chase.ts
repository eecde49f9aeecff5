import { systemClock } from './clock.ts'
import type { Keeper } from './keeper.ts'
import type { Source, SourcePage } from './source.ts'

/** The one that is followed is asked where it is this often. */
const askMs = 100

/** A source that ends, at any time, where all slots of another consumer are: who reads it never overtakes that one. */
export function chase(source: Source, { keeper, consumer }: { keeper: Keeper; consumer: string }): Source {
  return {
    ...source,
    async *read(request) {
      let least = -1
      for await (const page of source.read(request)) {
        for (let from = page.from; ;) {
          if (least >= page.to) {
            yield cut(page, from, page.to)
            break
          }
          if (least >= from) {
            yield cut(page, from, least)
            from = least + 1
          }
          const before = least
          least = await leastOf(keeper, consumer, request.service)
          if (least < page.to) await keeper.want(consumer, request.service, page.to)
          if (least === before) await systemClock.sleep(askMs, request.signal)
          if (request.signal.aborted) return
        }
      }
    },
  }
}

async function leastOf(keeper: Keeper, consumer: string, service: string): Promise<number> {
  return (await keeper.progress(consumer)).find((one) => one.service === service)?.least ?? 0
}

function cut(page: SourcePage, from: number, to: number): SourcePage {
  if (from === page.from && to === page.to) return page
  const { cursor: _, ...rest } = page
  const events = page.events.filter(({ position }) => position >= from && position <= to)
  return to === page.to ? { ...page, from, events } : { ...rest, from, to, events, atEnd: false }
}
