export { type Console, type ConsoleOptions, openConsole } from './console.ts'
export { type File, type Files, pageFiles } from './files.ts'
export { consoleLink, type SessionsOptions } from './sessions.ts'
export type { Told } from './tail.ts'
