import type { Service } from '@headwater/service'
import accounts from './accounts/service.ts'
import cards from './cards/service.ts'
import customers from './customers/service.ts'
import experiments from './experiments/service.ts'
import insights from './insights/service.ts'
import notifications from './notifications/service.ts'
import payments from './payments/service.ts'
import phone from './phone/service.ts'
import pots from './pots/service.ts'

/** The bank: each service a value, placed where one likes. */
export const bank: readonly Service[] = [
  customers,
  accounts,
  payments,
  cards,
  pots,
  notifications,
  insights,
  phone,
  experiments,
]
