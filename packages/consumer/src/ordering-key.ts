import type { AnyFacts } from '@headwater/contract'
import { contractOf } from '@headwater/contract'

/** Says which events must be handled one after the other: those with the same key of one service. */
export type OrderingKey = (event: { type: string; stream: string; data: unknown }) => string

/**
 * The key the contract names: the declared field of the data when it is a text or a whole number (written in decimal),
 * else the stream, so that an event never has no place in an order.
 */
export function orderingKeyOf(facts: AnyFacts): OrderingKey {
  const { types } = contractOf(facts)
  return ({ type, stream, data }) => {
    const field = types.get(type)?.key
    if (field === undefined) return stream
    const value = (data as Record<string, unknown> | null)?.[field]
    if (typeof value === 'string') return value
    return Number.isSafeInteger(value) ? String(value) : stream
  }
}

/** One key for the whole log, for handlers that need its order. */
export const wholeLog: OrderingKey = () => ''
