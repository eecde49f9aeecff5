import { type Random, random } from '@headwater/stats'
import type { TableEvent } from '../../packages/experiment/test/events-table.ts'
import { adopted } from '../../packages/experiment/test/everything.ts'

const start = 1_800_000_000_000_000

/** Two logs full of ties, exposures of two experiments, outcomes of all kinds, allocations adopted and ended at any time. */
export function historyOf(seed: number, size: number): Readonly<Record<'pots' | 'cards', readonly TableEvent[]>> {
  const dice = random(seed)
  const log = (service: string) => {
    let time = start
    return Array.from({ length: size }, (_, index): TableEvent => {
      time += [0, 0, 250_000, 500_000, 1_000_000][dice.below(5)]!
      const [type, data] = index === 0 ? ['AllocationAdopted', adopted(1)] : happening(dice, size)
      const place = { stream: `pot-${dice.below(size / 10)}`, causationId: `cause-${dice.below(size / 2)}` }
      return { service, position: index + 1, id: `${service}-${index + 1}`, time, type: type as string, data, ...place }
    })
  }
  return { pots: log('pots'), cards: log('cards') }
}

function happening(dice: Random, size: number): readonly [string, unknown] {
  const customerId = `c${dice.below(size / 8)}`
  const experiment = dice.below(5) === 0 ? 'other' : 'round-ups'
  const variant = dice.below(2) === 0 ? 'plain' : 'rounded'
  switch (dice.below(9)) {
    case 0:
    case 1:
      return ['ExperimentExposed', { experiment, unit: customerId, variant, allocation: 1 + dice.below(3) }]
    case 2:
      return dice.below(size) < 4
        ? ['AllocationAdopted', adopted(1 + dice.below(5))]
        : ['VariantSeen', { experiment, unit: customerId, variant, what: 'seen' }]
    case 3:
      return ['PotOpened', { customerId }]
    case 4:
      return ['PotClosed', { reason: dice.below(2) === 0 ? 'gone' : 'moved' }]
    case 6:
      return ['RequestReceived', { action: 'save', ...(dice.below(3) > 0 && { refused: 'full' }) }]
    case 5:
      return ['Paid', { customerId, amount: dice.below(1000) / 100 }]
    default:
      return ['Saved', { customerId, amountMinor: dice.below(40) - 9 }]
  }
}
