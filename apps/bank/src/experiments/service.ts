import { experiments } from '@headwater/experiments'
import type { Service } from '@headwater/service'

/** On a developer's machine an experiment that the code declares starts by itself; elsewhere a person starts it. */
const keeping: Service = experiments({ startAtOnce: process.env.NODE_ENV !== 'production' })
export default keeping
