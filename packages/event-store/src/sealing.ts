import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { type AnyFacts, contractOf, type EventType, isPersonal } from '@headwater/contract'
import type { Keyring } from './keyring.ts'

/** A personal value as it is stored, fed, cached and landed. */
export interface Sealed {
  /** `1.` and base64url of nonce (12 bytes), tag (16) and ciphertext. */
  readonly sealed: string
}

/** Personal fields, each naming the field that holds its person's id. */
export type Personal = { readonly [field: string]: string | undefined }

/**
 * Seals a value with a person's key: AES-256-GCM, bound to what it belongs to. The nonce is an HMAC of what is sealed (RFC 5297's
 * idea): equal values of one person in one place look equal, so that a repeat of a request is the same bytes.
 */
export function sealValue(key: Buffer, place: string, value: unknown): Sealed {
  const text = JSON.stringify(value)
  const nonce = createHmac('sha256', key).update(`${place}\n${text}`).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { sealed: `1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}` }
}

/** @throws where the key or the place is another's. */
export function openValue(key: Buffer, place: string, { sealed }: Sealed): unknown {
  const bytes = Buffer.from(sealed.slice(2), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    .setAAD(Buffer.from(place))
    .setAuthTag(bytes.subarray(12, 28))
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8'))
}

export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && typeof (value as Sealed).sealed === 'string'
}

interface Typed {
  readonly type: string
  readonly data: any
}

/** Seals what is personal in events. @throws `HW_NO_KEYS` where something is and there are no keys. */
export async function seal<E extends Typed>(
  keys: Keyring | undefined,
  facts: AnyFacts,
  events: readonly E[],
): Promise<readonly E[]> {
  if (!isPersonal(facts)) return events
  if (keys !== undefined) return await sealEvents(keys, facts, events)
  throw Object.assign(
    new Error(
      `Expected keys to seal the personal data of ${contractOf(facts).service} with, got none. Give openStore a keyring: keys.`,
    ),
    { code: 'HW_NO_KEYS' },
  )
}

/** Seals the personal fields of events, as their types declare them. */
export async function sealEvents<E extends Typed>(keys: Keyring, facts: AnyFacts, events: readonly E[]): Promise<E[]> {
  const { types } = contractOf(facts)
  const people = peopleOf(types, events)
  if (people.length === 0) return [...events]
  const held = await keys.keysFor(people)
  return events.map((event) =>
    mapPersonal(types, event, (value, place, person) =>
      value === undefined || value === null || isSealed(value) ? value : sealValue(held.get(person)!, place, value),
    ),
  )
}

/** Opens them. What belongs to somebody who was forgotten is left out. */
export async function openEvents<E extends Typed>(keys: Keyring, facts: AnyFacts, events: readonly E[]): Promise<E[]> {
  const { types } = contractOf(facts)
  const people = peopleOf(types, events)
  if (people.length === 0) return [...events]
  const held = await keys.keysOf(people)
  return events.map((event) =>
    mapPersonal(types, event, (value, place, person) => {
      if (!isSealed(value)) return value
      const key = held.get(person)
      return key === undefined ? undefined : openValue(key, place, value)
    }),
  )
}

function peopleOf(types: ReadonlyMap<string, EventType>, events: readonly Typed[]): string[] {
  const people = new Set<string>()
  for (const { type, data } of events)
    for (const by of Object.values((types.get(type)?.personal ?? {}) as Personal)) people.add(personOf(type, data, by!))
  return [...people]
}

function personOf(type: string, data: any, field: string): string {
  const person = data?.[field]
  if (typeof person === 'string' && person !== '') return person
  throw Object.assign(
    new Error(
      `Expected field ${field} of ${type} to hold the id of the person whose data it has, got ${typeof person}.`,
    ),
    { code: 'HW_NO_PERSON' },
  )
}

function mapPersonal<E extends Typed>(
  types: ReadonlyMap<string, EventType>,
  event: E,
  map: (value: unknown, place: string, person: string) => unknown,
): E {
  const personal = types.get(event.type)?.personal as Personal | undefined
  if (personal === undefined) return event
  const data = { ...event.data }
  for (const [field, by] of Object.entries(personal)) {
    const person = personOf(event.type, event.data, by!)
    const value = map(data[field], `${event.type}.${field}\n${person}`, person)
    if (value === undefined) delete data[field]
    else data[field] = value
  }
  return { ...event, data }
}
