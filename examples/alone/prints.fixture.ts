import { expect } from 'vitest'

/** What each program prints, whole: a line, or what it is like. */
export const prints: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  'consumer.ts': ['first start: ada 501, bob 20', 'second start: ada 502, bob 20'],
  'event-store.ts': ['200 500 saved', '409 Save something.', '200 750 saved', 'last changed by save-250'],
  'experiment.ts': [/^exposed: (9|10)\d{3} plain, (9|10)\d{3} big$/, /^keep: /],
  'feed.ts': [
    'positions 1 to 3',
    '1 OrderPlaced {"orderId":"1","amountMinor":1250}',
    '3 OrderPlaced {"orderId":"2","amountMinor":900}',
    'conforms: true',
  ],
  'hypermedia.ts': ['Emma is lent to bob · may be lent again: false'],
  'lake.ts': ['then: 2,2150 now: 3,2151', 'the same again: 2,2150'],
  'stats.ts': ['split: fair', /^lift: .* valid at every look$/, 'more savings: yes', /^a further 2 %: /],
}

/** As `expect` compares it. */
export const printed = (name: string) =>
  prints[name]!.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line)))
