import { metrics } from '@opentelemetry/api'
import { afterAll, expect, it } from 'vitest'
import { measureConsumers } from './measuring.ts'
import type { Running } from './running.ts'

type Callback = (result: { observe(value: number, attributes: object): void }) => Promise<void>

/** An SDK's place: keeps the callbacks of gauges, and asks them. */
const gauges = new Map<string, Set<Callback>>()
metrics.setGlobalMeterProvider({
  getMeter: () =>
    ({
      createObservableGauge(name: string) {
        const callbacks = gauges.get(name) ?? new Set()
        gauges.set(name, callbacks)
        return {
          addCallback: (one: Callback) => callbacks.add(one),
          removeCallback: (one: Callback) => callbacks.delete(one),
        }
      },
    }) as any,
})
afterAll(() => metrics.disable())

async function asked(): Promise<Record<string, [number, object][]>> {
  const entries = [...gauges].map(async ([name, callbacks]) => {
    const seen: [number, object][] = []
    for (const callback of callbacks)
      await callback({ observe: (value, attributes) => void seen.push([value, attributes]) })
    return [name, seen] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

it('measures each consumer for as long as its service runs', async () => {
  const count = { name: 'count', state: 'running', lag: 7, lagSeconds: 1.5, parked: 2, handled: 9, handledPerSecond: 3 }
  const running = { status: async () => ({ service: 'counts', consumers: [count] }) } as unknown as Running
  const end = measureConsumers(running)
  const whose = { 'headwater.service': 'counts', 'headwater.consumer': 'count' }
  expect(await asked()).toEqual({
    'headwater.consumer.lag': [[7, whose]],
    'headwater.consumer.lag.time': [[1.5, whose]],
    'headwater.consumer.rate': [[3, whose]],
    'headwater.consumer.parked': [[2, whose]],
  })
  await end()
  expect(Object.values(await asked()).flat()).toEqual([])
})
