import { experiments } from '@headwater/experiments'

/** On a developer's machine an experiment that the code declares starts by itself; elsewhere a person starts it. */
export default experiments({ startAtOnce: process.env.NODE_ENV !== 'production' })
