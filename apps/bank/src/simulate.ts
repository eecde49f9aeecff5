/** What a simulation needs of the landscape it runs in. */
export interface Simulation {
  /** JSON in, JSON out, with a token of these scopes. Answers of 409 come as they are: refusals are part of life. */
  readonly ask: (path: string, init?: { readonly method?: string; readonly body?: unknown }) => Promise<any>
  readonly options: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
  readonly progress: (what: string, total: number) => { at(done: number): void; end(): void }
  readonly signal: AbortSignal
}

/** Rights it asks for. */
export const scopes = [
  ...['customers', 'accounts', 'payments', 'pots'].flatMap((name) => [`${name}:read`, `${name}:write`]),
  'experiments:read',
]

interface Person {
  readonly customerId: string
  readonly accountId: string
  readonly potId: string
  savedMinor: number
  /** Likes to see a round sum in the pot, once it was seen. */
  rounded: boolean
}

const dayMs = 24 * 3_600_000

/**
 * Customers who live for some days: they pay each other, and put money aside. Those whose savings are rounded up put aside
 * `--effect` more often (0.2: a fifth), which nobody but this function knows. The landscape's clock is set ahead day by day.
 */
export default async function simulate({ ask, options, say, progress, signal }: Simulation): Promise<void> {
  const customers = whole(options.customers, 600)
  const days = whole(options.days, 45)
  const effect = Number(options.effect ?? 0.25)
  const random = seeded(whole(options.seed, 1))
  const forms = await createForms(ask)
  await roundUpsRun(ask, say, signal)
  say(`${customers} customers live for ${days} days; whoever is rounded up saves ${effect * 100} % more often`)
  const arriving = progress('customers', customers)
  const people = await each(range(customers), 16, async (number) => {
    const person = await arrive(ask, forms, number)
    arriving.at(number)
    return person
  })
  arriving.end()
  await ask('/settle', { method: 'POST' })
  const living = progress('days', days)
  for (let day = 0; day < days && !signal.aborted; day++) {
    await each(people, 16, (person) => live(ask, forms, person, people, effect, random))
    await ask('/clock', { method: 'POST', body: { advanceMs: dayMs } })
    living.at(day + 1)
  }
  living.end()
  await ask('/settle', { method: 'POST' })
}

/** A landscape that has just started has yet to seal and start what its services declare; customers come once it has. */
const startWithinMs = 30_000

async function roundUpsRun(ask: Ask, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const { _links: links } = await ask('/')
  if (![links.service].flat().some(({ name }: { name: string }) => name === 'experiments')) return
  for (const began = performance.now(); performance.now() - began < startWithinMs && !signal.aborted;) {
    const { experiments } = await ask('/experiments/experiments')
    const found = experiments.find(({ name }: { name: string }) => name === 'round-ups')
    if (found !== undefined && found.phase !== 'sealed') return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  say('round-ups does not run: customers live without it')
}

type Ask = Simulation['ask']
type Forms = Readonly<Record<'register' | 'account' | 'pot' | 'pay', string>>

/** Where things are made, as the services' own documents say. */
async function createForms(ask: Ask): Promise<Forms> {
  const target = async (service: string, form: string, path = '') =>
    (await ask(`/${service}/${path}`))._templates[form].target as string
  return {
    register: await target('customers', 'customer.register'),
    account: await target('accounts', 'account.open', 'accounts'),
    pot: await target('pots', 'pot.open', 'pots'),
    pay: await target('payments', 'payment.transfer'),
  }
}

async function arrive(ask: Ask, forms: Forms, number: number): Promise<Person> {
  const made = async (target: string, body: unknown) => idOf(await ask(target, { method: 'POST', body }))
  const name = `Customer ${number}`
  const customerId = await made(forms.register, {
    name,
    email: `customer${number}@example.org`,
    address: `Street ${number}`,
  })
  const accountId = await made(forms.account, { customerId, name: 'Everyday', initialDepositMinor: 500_000 })
  const potId = await made(forms.pot, { customerId })
  return { customerId, accountId, potId, savedMinor: 0, rounded: false }
}

async function live(
  ask: Ask,
  forms: Forms,
  person: Person,
  people: readonly Person[],
  effect: number,
  random: () => number,
): Promise<void> {
  const [pays, saves, whom, much, closes] = [random(), random(), random(), random(), random()] as const
  if (pays < 0.2) {
    const other = people[Math.floor(whom * people.length)]!
    if (other !== person) {
      const payment = {
        fromAccountId: person.accountId,
        toAccountId: other.accountId,
        amountMinor: 100 + Math.floor(much * 3_000),
        reference: '',
      }
      await ask(forms.pay, { method: 'POST', body: payment })
    }
  }
  // Once in years somebody closes a pot; saving into it is then refused. So few that the guardrails on both hold with 600 customers.
  if (closes < 0.0003)
    await ask(`${forms.pot}/${person.potId}/close`, { method: 'POST', body: { reason: 'reached the goal' } })
  if (saves >= 0.3 * (person.rounded ? 1 + effect : 1)) return
  const amountMinor = 200 + Math.floor(much * 3_000)
  const pot = await ask(`${forms.pot}/${person.potId}/save`, { method: 'POST', body: { amountMinor } })
  if (pot.savedMinor === undefined) return
  person.rounded ||= pot.savedMinor - person.savedMinor > amountMinor
  person.savedMinor = pot.savedMinor
}

const idOf = (document: any) => document._links.self.href.split('/').at(-1) as string
const range = (length: number) => Array.from({ length }, (_, index) => index + 1)

function whole(said: string | undefined, otherwise: number): number {
  const number = Number(said ?? otherwise)
  if (Number.isInteger(number) && number > 0) return number
  throw new TypeError(`Expected a whole number above 0, got "${said}".`)
}

/** Work on each, `width` at a time; answers in the order of what was given. */
async function each<T, R>(all: readonly T[], width: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < all.length; index = next++) results[index] = await work(all[index]!)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

/** mulberry32: small, seeded, good enough to live by. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
