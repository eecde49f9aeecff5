import { events } from '@headwater/contract'
import { consumer, type HandlerContext, Poison, Retriable } from '@headwater/consumer'
import { z } from 'zod'

export const orders = events('orders', { Placed: { data: z.object({ n: z.int() }), level: 'published' } })

/** One event in this many is poison until the handler is mended; one in that many fails on a first try, one try in that many. */
export const poisonEvery = 997
const failEvery = 400
/** One event in this many has an effect outside as well. */
export const outsideEvery = 25

export const tables = `
create table effect (seq bigint generated always as identity, stream text not null, position bigint not null, process text not null);
create table outside (seq bigint generated always as identity, id text not null, position bigint not null);
`

export const isPoison = (n: number): boolean => n % poisonEvery === poisonEvery - 1

/** Writes a row an event, never twice the same thing by constraint: doubles are for the check to find. */
export function shipping(process: string, mended: boolean) {
  const fails = () => Math.random() < 1 / failEvery
  return consumer(
    'shipping',
    orders,
    {
      async Placed({ n }, { event, query, outbox }: HandlerContext<any>) {
        if (fails()) throw new Retriable('before the effect')
        await query('insert into effect (stream, position, process) values ($1, $2, $3)', [
          event.stream,
          event.position,
          process,
        ])
        if (n % outsideEvery === 0) outbox({ position: event.position })
        if (isPoison(n) && !mended) throw new Poison('no such address')
        if (fails()) throw new Retriable('after the effect')
      },
    },
    { batch: { events: 50 } },
  )
}
